WITH sums AS (
    SELECT first, attribution, maker_type AS entity_type, count(DISTINCT maker) AS entities,
           count(*) AS models, min(place_on_list) AS best_rank,
           CASE WHEN any_value(dated) THEN count(*) FILTER (recent) END AS recent_models
    FROM trending GROUP BY first, attribution, maker_type)
SELECT first, attribution, row_number() OVER (of_list ORDER BY models DESC, entity_type) AS rank,
       entity_type, entities, models, share(models, sum(models) OVER of_list) AS models_share, best_rank,
       recent_models, share(recent_models, sum(recent_models) OVER of_list) AS recent_share,
       CAST(sum(models) OVER of_list AS BIGINT) AS ranked_models
FROM sums WINDOW of_list AS (PARTITION BY first, attribution)
ORDER BY first, attribution, rank;
