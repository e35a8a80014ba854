SELECT value, language, in_all_time, in_last_30d, count(*) AS models, count(*) FILTER (origin = 'card')
    AS models_by_card,
       CAST(sum(all_time) AS BIGINT) AS all_time, CAST(sum(last_30d) AS BIGINT) AS last_30d
FROM languages_found JOIN counted USING (n) GROUP BY value, language, in_all_time, in_last_30d
