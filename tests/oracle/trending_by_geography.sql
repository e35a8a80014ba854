WITH ranked AS (
    SELECT *, row_number() OVER (ORDER BY trending_score DESC, id) AS place_on_list,
           coalesce(CAST(created_at AS DATE) > getvariable('snapshot_date') - INTERVAL 365 DAY
                    AND CAST(created_at AS DATE) <= getvariable('snapshot_date'), false) AS recent,
           (SELECT count(created_at) FROM models) > 0 AS dated
    FROM models WHERE trending_score > 0),
listed AS (SELECT * FROM (VALUES (100), (1000)) AS lists(first) JOIN ranked ON place_on_list <= first),
places AS (
    SELECT 'country' AS level, country AS place, * FROM listed
    UNION ALL SELECT 'continent', continent, * FROM listed
    UNION ALL SELECT 'eu', eu_group, * FROM listed),
sums AS (
    SELECT first, level, place, count(*) AS models, min(place_on_list) AS best_rank,
           CASE WHEN any_value(dated) THEN count(*) FILTER (recent) END AS recent_models
    FROM places GROUP BY first, level, place)
SELECT CAST(first AS BIGINT) AS first, level, row_number() OVER (of_level ORDER BY models DESC, place) AS rank, place,
       models, share(models, sum(models) OVER of_level) AS models_share, best_rank,
       recent_models, share(recent_models, sum(recent_models) OVER of_level) AS recent_share,
       CAST(sum(models) OVER of_level AS BIGINT) AS ranked_models
FROM sums WINDOW of_level AS (PARTITION BY first, level)
ORDER BY first, level, rank;
