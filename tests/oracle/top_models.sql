WITH rankings AS (
    SELECT 'downloads_all_time' AS ranking, CAST(downloads_all_time AS DOUBLE) AS value, * FROM models
    UNION ALL SELECT 'downloads_30d', CAST(downloads_30d AS DOUBLE), * FROM models
    UNION ALL SELECT 'likes', CAST(likes AS DOUBLE), * FROM models
    UNION ALL SELECT 'trending_score', trending_score, * FROM models)
SELECT ranking, row_number() OVER (PARTITION BY ranking ORDER BY value DESC, id) AS rank,
       id, account, entity, country, task,
       row_number() OVER (PARTITION BY ranking, task ORDER BY value DESC, id) AS task_rank,
       downloads_all_time, downloads_30d, likes, trending_score,
       share(likes * 1000, downloads_all_time) AS likes_per_1000_downloads_all_time,
       share(likes * 1000, downloads_30d) AS likes_per_1000_downloads_30d,
       library, frameworks, parameters, size_class
FROM rankings WHERE value <> 0
QUALIFY rank <= 1000
ORDER BY ranking, rank;
