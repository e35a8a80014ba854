WITH ranked AS (
    SELECT *, row_number() OVER (ORDER BY trending_score DESC, id) AS place,
           coalesce(CAST(created_at AS DATE) > getvariable('snapshot_date') - INTERVAL 365 DAY
                    AND CAST(created_at AS DATE) <= getvariable('snapshot_date'), false) AS recent,
           (SELECT count(created_at) FROM models) > 0 AS dated
    FROM models WHERE trending_score > 0),
listed AS (SELECT * FROM (VALUES (100), (1000)) AS lists(first) JOIN ranked ON place <= first),
sums AS (
    SELECT first, entity, any_value(entity_type) AS entity_type, any_value(country) AS country, count(*) AS models,
           min(place) AS best_rank, CASE WHEN any_value(dated) THEN count(*) FILTER (recent) END AS recent_models
    FROM listed GROUP BY first, entity)
SELECT CAST(first AS BIGINT) AS first, row_number() OVER (of_list ORDER BY models DESC, entity) AS rank,
       entity, entity_type, country, models, share(models, sum(models) OVER of_list) AS models_share, best_rank,
       recent_models, share(recent_models, sum(recent_models) OVER of_list) AS recent_share,
       CAST(sum(models) OVER of_list AS BIGINT) AS ranked_models
FROM sums WINDOW of_list AS (PARTITION BY first)
ORDER BY first, rank;
