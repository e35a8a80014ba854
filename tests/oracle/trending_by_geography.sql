WITH places AS (
    SELECT 'country' AS level, maker_country AS place, * FROM trending
    UNION ALL SELECT 'continent', maker_continent, * FROM trending
    UNION ALL SELECT 'eu', maker_eu, * FROM trending),
sums AS (
    SELECT first, attribution, level, place, count(*) AS models, min(place_on_list) AS best_rank,
           CASE WHEN any_value(dated) THEN count(*) FILTER (recent) END AS recent_models
    FROM places GROUP BY first, attribution, level, place)
SELECT first, attribution, level, row_number() OVER (of_level ORDER BY models DESC, place) AS rank, place,
       models, share(models, sum(models) OVER of_level) AS models_share, best_rank,
       recent_models, share(recent_models, sum(recent_models) OVER of_level) AS recent_share,
       CAST(sum(models) OVER of_level AS BIGINT) AS ranked_models
FROM sums WINDOW of_level AS (PARTITION BY first, attribution, level)
ORDER BY first, attribution, level, rank;
