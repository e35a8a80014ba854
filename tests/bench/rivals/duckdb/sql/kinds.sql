-- The tasks that the snapshot has, under numbers.
SELECT t.pipeline_tag, coalesce(p.task, t.pipeline_tag) AS task, coalesce(p.modality, 'unknown') AS modality,
       coalesce(p.hub_modality, 'unknown') AS hub_modality, coalesce(p.architecture, 'unknown') AS architecture,
       coalesce(CAST(p.language_applies AS BOOLEAN), false) AS language_applies,
       CAST(row_number() OVER (ORDER BY t.pipeline_tag) AS INTEGER) AS kind_no
FROM (SELECT DISTINCT coalesce(nullif(lower(trim(pipeline_tag)), ''), 'unknown') AS pipeline_tag FROM ingested) AS t
LEFT JOIN facts('pipeline_tags') AS p ON p.pipeline_tag = t.pipeline_tag
