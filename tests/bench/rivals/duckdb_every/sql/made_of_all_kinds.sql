-- What was made when; the snapshot is of models alone.
SELECT 'models' AS kind, entity, entity_type, country, created_at
FROM models WHERE (SELECT count(created_at) FROM models) > 0
