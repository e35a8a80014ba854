WITH sums AS (
    SELECT universe, period, library, CAST(sum(models) AS BIGINT) AS models, CAST(sum(downloads) AS BIGINT) AS downloads
    FROM each_universe('word_sums') WHERE (SELECT count(library) FROM ingested) > 0 GROUP BY universe, period, library)
SELECT universe, period, library, name, coalesce(CAST(registered AS BOOLEAN), false) AS registered,
       row_number() OVER (PARTITION BY universe, period ORDER BY downloads DESC, library) AS rank, models, downloads,
       share(models, all_models) AS models_share, share(downloads, all_downloads) AS downloads_share
FROM sums JOIN wholes USING (universe, period) LEFT JOIN facts('libraries') USING (library)
ORDER BY universe, period, rank
