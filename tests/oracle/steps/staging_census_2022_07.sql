-- The census of July 2022, CSV: five columns, an empty field is nothing. Variable: raw (the file).

CREATE OR REPLACE TABLE staged AS
SELECT row_number() OVER () AS position, model AS id, CAST(NULL AS VARCHAR) AS repo_id,
       CAST(NULL AS VARCHAR) AS author,
       CAST(NULL AS TIMESTAMP) AS created_at, CAST(NULL AS TIMESTAMP) AS last_modified,
       CAST(downloads AS BIGINT) AS downloads_30d, CAST(NULL AS BIGINT) AS downloads_all_time,
       CAST(NULL AS BIGINT) AS likes, CAST(NULL AS DOUBLE) AS trending_score, task AS pipeline_tag,
       CAST(NULL AS VARCHAR) AS library, CAST(NULL AS VARCHAR) AS license, CAST(NULL AS VARCHAR[]) AS languages,
       CAST(NULL AS VARCHAR[]) AS tags, CAST(NULL AS VARCHAR[]) AS base_models,
       CAST(NULL AS VARCHAR) AS base_model_relation, CAST(NULL AS VARCHAR[]) AS card_base_models,
       CAST(NULL AS VARCHAR[]) AS safetensors_parameters, CAST(NULL AS BIGINT) AS safetensors_total,
       CAST(NULL AS BIGINT) AS gguf_total, CAST(NULL AS VARCHAR) AS gguf_architecture,
       CAST(NULL AS BIGINT) AS stated_parameters, CAST(NULL AS BIGINT) AS storage_bytes,
       CAST(NULL AS VARCHAR) AS gated,
       CAST(lower(private) AS BOOLEAN) AS private, CAST(NULL AS BOOLEAN) AS disabled,
       CAST(NULL AS BOOLEAN) AS removed, sha
FROM read_csv(getvariable('raw'), header = true, all_varchar = true, compression = 'gzip');

CREATE OR REPLACE TABLE listing AS
SELECT 'census-2022-07' AS source, 'census' AS coverage, CAST(NULL AS VARCHAR) AS part,
       CAST(NULL AS DATE) AS counters_date;
