-- All columns, those too that this source does not have.
SELECT rowid AS n, id, CAST(NULL AS VARCHAR) AS repo_id, author, created_at, last_modified, downloads_30d,
       downloads_all_time, likes, trending_score, pipeline_tag, library, license, languages, tags, base_models,
       base_model_relation, card_base_models, safetensors_parameters, safetensors_total, gguf_total,
       gguf_architecture, CAST(NULL AS BIGINT) AS stated_parameters, CAST(NULL AS BIGINT) AS storage_bytes,
       CAST(NULL AS VARCHAR) AS gated, CAST(NULL AS BOOLEAN) AS private, CAST(NULL AS BOOLEAN) AS disabled,
       CAST(NULL AS BOOLEAN) AS removed, CAST(NULL AS VARCHAR) AS sha,
       -- the archive of a day has the counters of the day before
       getvariable('snapshot_date') - 1 AS counters_date, 'hub-stats' AS source, 'census' AS coverage,
       CAST(NULL AS VARCHAR) AS part
FROM sorted WHERE NOT again
