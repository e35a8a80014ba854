-- All columns, those too that this source does not have.
SELECT rowid AS n, id, repo_id, author, created_at, last_modified, downloads_30d, downloads_all_time, likes,
       trending_score, pipeline_tag, library, license, languages, tags, base_models, base_model_relation,
       card_base_models, safetensors_parameters, safetensors_total, gguf_total, gguf_architecture,
       CAST(NULL AS BIGINT) AS stated_parameters, storage_bytes, gated, private, disabled,
       CAST(NULL AS BOOLEAN) AS removed, sha, CAST(NULL AS DATE) AS counters_date, 'hub-api' AS source,
       'census' AS coverage, CAST(NULL AS VARCHAR) AS part
FROM sorted WHERE NOT again
