WITH places AS (
    SELECT 'country' AS level, country AS place, * FROM counted
    UNION ALL SELECT 'continent', continent, * FROM counted
    UNION ALL SELECT 'eu', eu_group, * FROM counted),
sums AS (
    SELECT universe, period, level, coalesce(strftime(created_at, '%Y-%m'), 'unknown') AS month, place,
           count(*) AS models, CAST(sum(downloads) AS BIGINT) AS downloads
    FROM places WHERE (SELECT count(created_at) FROM models) > 0
    GROUP BY universe, period, level, month, place)
SELECT universe, period, level, month, row_number() OVER (of_month ORDER BY downloads DESC, place) AS rank, place,
       models, downloads, share(downloads, all_downloads) AS downloads_share,
       share(models, sum(models) OVER of_month) AS models_share_of_month,
       share(downloads, sum(downloads) OVER of_month) AS downloads_share_of_month
FROM sums JOIN wholes USING (universe, period)
WINDOW of_month AS (PARTITION BY universe, period, level, month)
ORDER BY universe, period, level, month, rank;
