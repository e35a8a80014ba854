-- Models by size class, of which a size is no more than the number in a name, or is that of a mixture.
SELECT fine_no, coarse_no, large_no, by_name, active_parameters IS NOT NULL AS mixture, in_all_time, in_last_30d,
       count(*) AS models, CAST(sum(all_time) AS BIGINT) AS all_time, CAST(sum(last_30d) AS BIGINT) AS last_30d,
       CAST(sum(parameters) AS BIGINT) AS parameters, CAST(sum(active_parameters) AS BIGINT) AS active_parameters
FROM counted GROUP BY fine_no, coarse_no, large_no, by_name, mixture, in_all_time, in_last_30d
