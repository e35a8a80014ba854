WITH sums AS (
    SELECT first, attribution, maker AS entity, any_value(maker_type) AS entity_type, any_value(maker_country) AS country,
           count(*) AS models, min(place_on_list) AS best_rank,
           CASE WHEN any_value(dated) THEN count(*) FILTER (recent) END AS recent_models
    FROM trending GROUP BY first, attribution, maker)
SELECT first, attribution, row_number() OVER (of_list ORDER BY models DESC, entity) AS rank,
       entity, entity_type, country, models, share(models, sum(models) OVER of_list) AS models_share, best_rank,
       recent_models, share(recent_models, sum(recent_models) OVER of_list) AS recent_share,
       CAST(sum(models) OVER of_list AS BIGINT) AS ranked_models
FROM sums WINDOW of_list AS (PARTITION BY first, attribution)
ORDER BY first, attribution, rank;
