-- radar, NDJSON: its own names; base models in one string; a number of parameters without its origin; tombstones.
-- Variable: raw (the file).

CREATE OR REPLACE TABLE staged AS
SELECT row_number() OVER () AS position, id, CAST(NULL AS VARCHAR) AS repo_id, author,
       created_at, updated_at AS last_modified, downloads_30d, CAST(NULL AS BIGINT) AS downloads_all_time, likes,
       trending_score, pipeline_tag, library, license, languages, tags,
       CAST(NULL AS VARCHAR[]) AS base_models, CAST(NULL AS VARCHAR) AS base_model_relation,
       list_filter(list_transform(string_split(base_model, ','), lambda m: trim(m)), lambda m: m <> '')
           AS card_base_models,
       CAST(NULL AS VARCHAR[]) AS safetensors_parameters, CAST(NULL AS BIGINT) AS safetensors_total,
       CAST(NULL AS BIGINT) AS gguf_total, CAST(NULL AS VARCHAR) AS gguf_architecture,
       parameters AS stated_parameters, storage_bytes, CAST(gated AS VARCHAR) AS gated,
       CAST(NULL AS BOOLEAN) AS private, CAST(NULL AS BOOLEAN) AS disabled, removed, CAST(NULL AS VARCHAR) AS sha
FROM read_json(getvariable('raw'), format = 'newline_delimited', compression = 'zstd', columns = {
    id: 'VARCHAR', author: 'VARCHAR', created_at: 'TIMESTAMP', updated_at: 'TIMESTAMP', downloads_30d: 'BIGINT',
    likes: 'BIGINT', trending_score: 'DOUBLE', pipeline_tag: 'VARCHAR', library: 'VARCHAR', license: 'VARCHAR',
    languages: 'VARCHAR[]', tags: 'VARCHAR[]', base_model: 'VARCHAR', parameters: 'BIGINT', storage_bytes: 'BIGINT',
    gated: 'BOOLEAN', removed: 'BOOLEAN'});

CREATE OR REPLACE TABLE listing AS
SELECT 'radar' AS source, 'sample' AS coverage, 'the newest models, and those that were among them' AS part,
       CAST(NULL AS DATE) AS counters_date;
