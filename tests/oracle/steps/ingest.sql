-- The rows of a source (table staged) that stay: with an id, no negative count, no impossible date, each id once.

CREATE OR REPLACE TABLE ingest AS
SELECT * EXCLUDE (position) FROM staged
WHERE trim(coalesce(id, '')) <> ''
  AND length(id) - length(replace(id, '/', '')) <= 1 AND NOT starts_with(id, '/') AND NOT ends_with(id, '/')
  AND least(coalesce(downloads_30d, 0), coalesce(downloads_all_time, 0), coalesce(likes, 0), coalesce(storage_bytes, 0),
            coalesce(safetensors_total, 0), coalesce(gguf_total, 0), coalesce(stated_parameters, 0)) >= 0
  AND (created_at IS NULL OR created_at >= DATE '2015-01-01' AND created_at < DATE '2100-01-01')
  AND (last_modified IS NULL OR last_modified >= DATE '2015-01-01' AND last_modified < DATE '2100-01-01')
QUALIFY row_number() OVER (PARTITION BY id ORDER BY position) = 1;
