-- What each entity has of each modality, task and size class. Names in their order are numbers.
WITH sums AS (
    SELECT entity_no,
           CASE WHEN grouping(modality) = 0 THEN 'modality' WHEN grouping(task) = 0 THEN 'task' ELSE 'fine' END AS what,
           coalesce(modality, task) AS name, fine_no, CAST(sum(models) AS BIGINT) AS models,
           CAST(sum(all_time) AS BIGINT) AS all_time, CAST(sum(last_30d) AS BIGINT) AS last_30d
    FROM entity_cells GROUP BY GROUPING SETS ((entity_no, modality), (entity_no, task), (entity_no, fine_no))),
named AS (
    SELECT entity_no, what, coalesce(name, getvariable('fine_names')[fine_no]) AS part, models, all_time, last_30d
    FROM sums)
SELECT entity_no, what, part_no, part = 'unknown' AS unknown, models, all_time, last_30d
FROM named JOIN part_names USING (part)
