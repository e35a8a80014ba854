-- The tasks that the snapshot may have, under numbers: stated, of the type of a model, or of a correction.
SELECT t.pipeline_tag, coalesce(p.task, t.pipeline_tag) AS task, coalesce(p.modality, 'unknown') AS modality,
       coalesce(p.hub_modality, 'unknown') AS hub_modality, coalesce(p.architecture, 'unknown') AS architecture,
       coalesce(CAST(p.language_applies AS BOOLEAN), false) AS language_applies,
       CAST(row_number() OVER (ORDER BY t.pipeline_tag) AS INTEGER) AS kind_no
FROM (SELECT coalesce(nullif(lower(trim(pipeline_tag)), ''), 'unknown') AS pipeline_tag
      FROM (SELECT DISTINCT pipeline_tag FROM ingested)
      UNION SELECT pipeline_tag FROM facts('model_type_tasks')
      UNION SELECT pipeline_tag FROM facts('task_corrections')) AS t
LEFT JOIN facts('pipeline_tags') AS p ON p.pipeline_tag = t.pipeline_tag
