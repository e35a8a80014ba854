WITH points AS (
    SELECT CAST(unnest(range(101)) AS DECIMAL(8, 3)) AS percentile
    UNION ALL SELECT unnest([99.5, 99.9, 99.95, 99.99, 99.999])),
placed AS (
    SELECT universe, period, downloads,
           row_number() OVER (PARTITION BY universe, period ORDER BY downloads) AS place,
           CAST(sum(downloads) OVER (PARTITION BY universe, period ORDER BY downloads ROWS UNBOUNDED PRECEDING)
                AS BIGINT) AS so_far
    FROM counted WHERE downloads IS NOT NULL),
sizes AS (
    SELECT universe, period, all_downloads, percentile,
           CAST(ceil(percentile * max(place) / 100) AS BIGINT) AS models
    FROM placed JOIN wholes USING (universe, period) CROSS JOIN points
    GROUP BY universe, period, all_downloads, percentile)
SELECT universe, period, CAST(percentile AS DOUBLE) AS percentile, models,
       CASE WHEN models = 0 THEN 0 ELSE so_far END AS downloads, placed.downloads AS downloads_at_percentile,
       share(CASE WHEN models = 0 THEN 0 ELSE so_far END, all_downloads) AS downloads_share
FROM sizes JOIN placed USING (universe, period)
WHERE place = greatest(models, 1)
ORDER BY universe, period, percentile;
