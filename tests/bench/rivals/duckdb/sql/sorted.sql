-- The rows that can be taken for models, by id, with what columns the source has; rowid is their number from here on.
-- `again` marks rows to be passed over: deleted, they would take the numbers of those after them along.
SELECT *, false AS again FROM source
WHERE trim(coalesce(id, '')) <> ''
  AND length(id) - length(replace(id, '/', '')) <= 1 AND NOT starts_with(id, '/') AND NOT ends_with(id, '/')
  AND coalesce(downloads_30d, 0) >= 0 AND coalesce(downloads_all_time, 0) >= 0 AND coalesce(likes, 0) >= 0
  AND coalesce(safetensors_total, 0) >= 0 AND coalesce(gguf_total, 0) >= 0
  AND (created_at IS NULL OR created_at >= DATE '2015-01-01' AND created_at < DATE '2100-01-01')
  AND (last_modified IS NULL OR last_modified >= DATE '2015-01-01' AND last_modified < DATE '2100-01-01')
ORDER BY id, position
