WITH sums AS (
    SELECT universe, period, coalesce(strftime(created_at, '%Y-%m'), 'unknown') AS month, entity_type,
           count(*) AS models, CAST(sum(downloads) AS BIGINT) AS downloads
    FROM counted WHERE (SELECT count(created_at) FROM models) > 0
    GROUP BY universe, period, month, entity_type)
SELECT universe, period, month, row_number() OVER (of_month ORDER BY downloads DESC, entity_type) AS rank, entity_type,
       models, downloads, share(downloads, all_downloads) AS downloads_share,
       share(models, sum(models) OVER of_month) AS models_share_of_month,
       share(downloads, sum(downloads) OVER of_month) AS downloads_share_of_month
FROM sums JOIN wholes USING (universe, period)
WINDOW of_month AS (PARTITION BY universe, period, month)
ORDER BY universe, period, month, rank;
