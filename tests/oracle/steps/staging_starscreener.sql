-- starscreener: one JSON document, the rows under `models`, keys in camel case. Variable: raw (the file).

CREATE OR REPLACE TABLE staged AS
WITH document AS (
    SELECT unnest(models) AS m
    FROM read_json(getvariable('raw'), maximum_object_size = 268435456, columns = {
        models: 'STRUCT(id VARCHAR, author VARCHAR, createdAt TIMESTAMP, lastModified TIMESTAMP, downloads BIGINT,
                        likes BIGINT, trendingScore DOUBLE, pipelineTag VARCHAR, libraryName VARCHAR,
                        tags VARCHAR[])[]'}))
SELECT row_number() OVER () AS position, m.id AS id, CAST(NULL AS VARCHAR) AS repo_id, m.author AS author,
       m.createdAt AS created_at, m.lastModified AS last_modified, m.downloads AS downloads_30d,
       CAST(NULL AS BIGINT) AS downloads_all_time, m.likes AS likes, m.trendingScore AS trending_score,
       m.pipelineTag AS pipeline_tag, m.libraryName AS library, CAST(NULL AS VARCHAR) AS license,
       CAST(NULL AS VARCHAR[]) AS languages, m.tags AS tags, CAST(NULL AS VARCHAR[]) AS base_models,
       CAST(NULL AS VARCHAR) AS base_model_relation, CAST(NULL AS VARCHAR[]) AS card_base_models,
       CAST(NULL AS VARCHAR[]) AS safetensors_parameters, CAST(NULL AS BIGINT) AS safetensors_total,
       CAST(NULL AS BIGINT) AS gguf_total, CAST(NULL AS VARCHAR) AS gguf_architecture,
       CAST(NULL AS BIGINT) AS stated_parameters, CAST(NULL AS BIGINT) AS storage_bytes,
       CAST(NULL AS VARCHAR) AS gated,
       CAST(NULL AS BOOLEAN) AS private, CAST(NULL AS BOOLEAN) AS disabled, CAST(NULL AS BOOLEAN) AS removed,
       CAST(NULL AS VARCHAR) AS sha
FROM document;

CREATE OR REPLACE TABLE listing AS
SELECT 'starscreener' AS source, 'ranking' AS coverage, 'the first 1,000 by trending score' AS part,
       CAST(NULL AS DATE) AS counters_date;
