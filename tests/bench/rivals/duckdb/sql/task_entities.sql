SELECT task, entity_no, in_all_time, in_last_30d, CAST(sum(models) AS BIGINT) AS models,
       CAST(sum(all_time) AS BIGINT) AS all_time, CAST(sum(last_30d) AS BIGINT) AS last_30d
FROM entity_cells GROUP BY task, entity_no, in_all_time, in_last_30d
