WITH known AS (
    SELECT universe, period, count(*) FILTER (framework_count > 0) AS known_models,
           known(known_models, sum(downloads) FILTER (framework_count > 0)) AS known_downloads
    FROM counted GROUP BY universe, period)
SELECT universe, period, part AS framework,
       row_number() OVER (PARTITION BY universe, period ORDER BY downloads DESC, part) AS rank, models, downloads,
       share(models, all_models) AS models_share, share(downloads, all_downloads) AS downloads_share,
       CASE WHEN part <> 'unknown' THEN share(downloads, known_downloads) END AS share_of_known,
       known_models, known_downloads
FROM part_sums JOIN wholes USING (universe, period) JOIN known USING (universe, period)
WHERE dimension = 'framework' AND EXISTS (FROM model_frameworks)
ORDER BY universe, period, rank;
