WITH sums AS (
    SELECT universe, period, framework, CAST(sum(models) AS BIGINT) AS models, CAST(sum(downloads) AS BIGINT)
        AS downloads
    FROM each_universe('framework_sums') GROUP BY universe, period, framework),
known AS (
    SELECT universe, period, CAST(sum(models) AS BIGINT) AS known_models, CAST(sum(downloads) AS BIGINT)
        AS known_downloads
    FROM each_universe('framework_known') GROUP BY universe, period)
SELECT universe, period, framework,
       row_number() OVER (PARTITION BY universe, period ORDER BY downloads DESC, framework) AS rank, models, downloads,
       share(models, all_models) AS models_share, share(downloads, all_downloads) AS downloads_share,
       CASE WHEN framework <> 'unknown' THEN share(downloads, coalesce(known_downloads, 0)) END AS share_of_known,
       coalesce(known_models, 0) AS known_models, coalesce(known_downloads, 0) AS known_downloads
FROM sums JOIN wholes USING (universe, period) LEFT JOIN known USING (universe, period)
WHERE EXISTS (FROM frameworks_found)
ORDER BY universe, period, rank
