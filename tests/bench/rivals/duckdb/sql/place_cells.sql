-- Of entities of one kind and country: few rows, for all that is not told by entity or account.
SELECT e.entity_type, e.country, e.continent, e.eu_group, c.task, c.modality, c.architecture, c.fine_no, c.coarse_no,
       c.in_all_time, c.in_last_30d, CAST(sum(c.models) AS BIGINT) AS models,
       CAST(sum(c.all_time) AS BIGINT) AS all_time, CAST(sum(c.last_30d) AS BIGINT) AS last_30d
FROM entity_cells AS c JOIN entity_sums AS e USING (entity_no)
GROUP BY ALL
