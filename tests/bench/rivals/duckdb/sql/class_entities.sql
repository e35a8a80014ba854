SELECT CASE WHEN grouping(fine_no) = 0 THEN 'fine' ELSE 'coarse' END AS scheme,
       CAST(coalesce(fine_no, coarse_no) AS BIGINT) AS position, entity_no, in_all_time, in_last_30d,
       CAST(sum(models) AS BIGINT) AS models, CAST(sum(all_time) AS BIGINT) AS all_time,
       CAST(sum(last_30d) AS BIGINT) AS last_30d
FROM entity_cells
GROUP BY GROUPING SETS ((fine_no, entity_no, in_all_time, in_last_30d), (coarse_no, entity_no, in_all_time,
    in_last_30d))
