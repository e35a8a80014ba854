-- transformersjs, Parquet in many versions: what all of them share, and a number of parameters that comes in 2025, as
-- a double. Variable: raw (the file).

CREATE OR REPLACE TABLE staged AS
WITH source AS (
    SELECT * FROM read_parquet(getvariable('raw'))
    UNION ALL BY NAME SELECT CAST(NULL AS DOUBLE) AS numParameters WHERE false)
SELECT row_number() OVER () AS position, id, CAST(NULL AS VARCHAR) AS repo_id, author,
       CAST(NULL AS TIMESTAMP) AS created_at, CAST(lastModified AS TIMESTAMP) AS last_modified,
       downloads AS downloads_30d,
       CAST(NULL AS BIGINT) AS downloads_all_time, likes, CAST(NULL AS DOUBLE) AS trending_score, pipeline_tag,
       CAST(NULL AS VARCHAR) AS library, CAST(NULL AS VARCHAR) AS license, CAST(NULL AS VARCHAR[]) AS languages,
       CAST(NULL AS VARCHAR[]) AS tags, CAST(NULL AS VARCHAR[]) AS base_models,
       CAST(NULL AS VARCHAR) AS base_model_relation, CAST(NULL AS VARCHAR[]) AS card_base_models,
       CAST(NULL AS VARCHAR[]) AS safetensors_parameters, CAST(NULL AS BIGINT) AS safetensors_total,
       CAST(NULL AS BIGINT) AS gguf_total, CAST(NULL AS VARCHAR) AS gguf_architecture,
       CAST(numParameters AS BIGINT) AS stated_parameters, CAST(NULL AS BIGINT) AS storage_bytes,
       CAST(gated AS VARCHAR) AS gated, private, CAST(NULL AS BOOLEAN) AS disabled, CAST(NULL AS BOOLEAN) AS removed,
       CAST(NULL AS VARCHAR) AS sha
FROM source;

CREATE OR REPLACE TABLE listing AS
SELECT 'transformersjs' AS source, 'sample' AS coverage, 'models that run in a browser and make embeddings' AS part,
       CAST(NULL AS DATE) AS counters_date;
