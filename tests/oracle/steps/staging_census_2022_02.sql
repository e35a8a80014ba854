-- The census of February 2022, NDJSON: the model is under `info`. Variable: raw (the file).

CREATE OR REPLACE TABLE staged AS
SELECT row_number() OVER () AS position, info.modelId AS id, CAST(NULL AS VARCHAR) AS repo_id,
       CAST(NULL AS VARCHAR) AS author, CAST(NULL AS TIMESTAMP) AS created_at, info.lastModified AS last_modified,
       info.downloads AS downloads_30d, CAST(NULL AS BIGINT) AS downloads_all_time, info.likes AS likes,
       CAST(NULL AS DOUBLE) AS trending_score, info.pipeline_tag AS pipeline_tag, info.library_name AS library,
       CAST(NULL AS VARCHAR) AS license, CAST(NULL AS VARCHAR[]) AS languages, info.tags AS tags,
       CAST(NULL AS VARCHAR[]) AS base_models, CAST(NULL AS VARCHAR) AS base_model_relation,
       CAST(NULL AS VARCHAR[]) AS card_base_models, CAST(NULL AS VARCHAR[]) AS safetensors_parameters,
       CAST(NULL AS BIGINT) AS safetensors_total, CAST(NULL AS BIGINT) AS gguf_total,
       CAST(NULL AS VARCHAR) AS gguf_architecture, CAST(NULL AS BIGINT) AS stated_parameters,
       CAST(NULL AS BIGINT) AS storage_bytes, CAST(NULL AS VARCHAR) AS gated, info.private AS private,
       CAST(NULL AS BOOLEAN) AS disabled, CAST(NULL AS BOOLEAN) AS removed, info.sha AS sha
FROM read_json(getvariable('raw'), format = 'newline_delimited', compression = 'zstd', columns = {
    info: 'STRUCT(modelId VARCHAR, lastModified TIMESTAMP, downloads BIGINT, likes BIGINT, pipeline_tag VARCHAR,
                  library_name VARCHAR, tags VARCHAR[], private BOOLEAN, sha VARCHAR)'});

CREATE OR REPLACE TABLE listing AS
SELECT 'census-2022-02' AS source, 'census' AS coverage, CAST(NULL AS VARCHAR) AS part,
       CAST(NULL AS DATE) AS counters_date;
