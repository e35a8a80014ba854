-- `first` marks one row of each model that has any, so that the models can be counted once.
WITH entries AS (
    SELECT n, unnest(safetensors_parameters) AS entry, generate_subscripts(safetensors_parameters, 1) AS place
    FROM ingested WHERE len(safetensors_parameters) > 0),
typed AS (
    SELECT split_part(entry, '=', 1) AS tensor_type, CAST(split_part(entry, '=', 2) AS BIGINT) AS elements,
           place = 1 AS first, in_all_time, in_last_30d, all_time, last_30d
    FROM entries JOIN counted USING (n)),
others AS (
    SELECT 'unknown', 0, false, in_all_time, in_last_30d, all_time, last_30d
    FROM (SELECT n FROM ingested WHERE coalesce(len(safetensors_parameters), 0) = 0) JOIN counted USING (n))
SELECT tensor_type, first, in_all_time, in_last_30d, count(*) AS models, CAST(sum(elements) AS BIGINT) AS parameters,
       CAST(sum(all_time) AS BIGINT) AS all_time, CAST(sum(last_30d) AS BIGINT) AS last_30d
FROM (FROM typed UNION ALL FROM others) GROUP BY ALL
