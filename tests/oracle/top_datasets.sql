WITH rankings AS (
    SELECT 'downloads_all_time' AS ranking, CAST(downloads_all_time AS DOUBLE) AS value, * FROM datasets
    UNION ALL SELECT 'downloads_30d', CAST(downloads_30d AS DOUBLE), * FROM datasets
    UNION ALL SELECT 'likes', CAST(likes AS DOUBLE), * FROM datasets
    UNION ALL SELECT 'trending_score', trending_score, * FROM datasets)
SELECT ranking, row_number() OVER (PARTITION BY ranking ORDER BY value DESC, id) AS rank, id, account, entity, entity_type,
       country, created_at, downloads_all_time, downloads_30d, likes, trending_score, task_categories, modalities, formats,
       size_categories, languages, license
FROM rankings WHERE value > 0
QUALIFY rank <= 1000
ORDER BY ranking, rank;
