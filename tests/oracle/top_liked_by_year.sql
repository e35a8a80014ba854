SELECT coalesce(strftime(created_at, '%Y'), 'unknown') AS year,
       row_number() OVER (PARTITION BY year ORDER BY likes DESC, id) AS rank,
       id, account, entity, entity_type, country, task, size_class, likes, downloads_all_time, downloads_30d,
       CAST(created_at AS DATE) AS created
FROM models
WHERE likes > 0 AND (SELECT count(created_at) FROM models) > 0
QUALIFY rank <= 20
ORDER BY year, rank;
