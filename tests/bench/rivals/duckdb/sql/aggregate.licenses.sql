WITH sums AS (
    SELECT universe, period, license, license_family, CAST(sum(models) AS BIGINT) AS models,
           CAST(sum(downloads) AS BIGINT) AS downloads
    FROM each_universe('word_sums') WHERE (SELECT count(tags) FROM ingested) > 0
    GROUP BY universe, period, license, license_family)
SELECT universe, period, license, license_family,
       license <> 'unknown' AND coalesce(CAST(official AS BOOLEAN), false) AS official,
       row_number() OVER (PARTITION BY universe, period ORDER BY downloads DESC, license) AS rank, models, downloads,
       share(models, all_models) AS models_share, share(downloads, all_downloads) AS downloads_share,
       share(sum(downloads) OVER (PARTITION BY universe, period, license_family), all_downloads) AS family_share
FROM sums JOIN wholes USING (universe, period) LEFT JOIN facts('licenses') USING (license)
ORDER BY universe, period, rank
