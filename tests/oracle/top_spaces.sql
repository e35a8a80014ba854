WITH rankings AS (
    SELECT 'likes' AS ranking, CAST(likes AS DOUBLE) AS value, * FROM spaces
    UNION ALL SELECT 'trending_score', trending_score, * FROM spaces)
SELECT ranking, row_number() OVER (PARTITION BY ranking ORDER BY value DESC, id) AS rank, id, account, entity, entity_type,
       country, created_at, likes, trending_score, sdk, models, datasets
FROM rankings WHERE value > 0
QUALIFY rank <= 1000
ORDER BY ranking, rank;
