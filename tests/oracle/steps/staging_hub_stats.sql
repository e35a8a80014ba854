-- hub-stats, Parquet: one column a field, the card and the GGUF header as JSON text, safetensors as a struct of
-- data types. Variable: raw (the file).

CREATE OR REPLACE MACRO card_strings(card, key) AS
    CASE json_type(card, '$."' || key || '"')
        WHEN 'VARCHAR' THEN [json_extract_string(card, '$."' || key || '"')]
        WHEN 'ARRAY' THEN list_filter(
            list_transform(CAST(json_extract(card, '$."' || key || '"') AS JSON[]),
                           lambda v: CASE WHEN json_type(v) = 'VARCHAR' THEN json_extract_string(v, '$') END),
            lambda v: v IS NOT NULL AND trim(v) <> '')
    END;

CREATE OR REPLACE TABLE safetensors AS
    SELECT id, list(dtype || '=' || elements) AS parameters
    FROM (UNPIVOT (SELECT id, unnest(safetensors.parameters) FROM read_parquet(getvariable('raw'))
                   WHERE safetensors.parameters IS NOT NULL)
          ON COLUMNS(* EXCLUDE id) INTO NAME dtype VALUE elements)
    GROUP BY id;

CREATE OR REPLACE TABLE staged AS
WITH source AS (
    SELECT *, CASE WHEN json_valid(cardData) AND json_type(cardData) = 'OBJECT' THEN CAST(cardData AS JSON) END AS card,
           CASE WHEN json_valid(gguf) AND json_type(gguf) = 'OBJECT' THEN CAST(gguf AS JSON) END AS header,
           row_number() OVER () AS position
    FROM read_parquet(getvariable('raw'))
)
SELECT source.position, source.id, CAST(NULL AS VARCHAR) AS repo_id, author,
       CAST(createdAt AS TIMESTAMP) AS created_at, CAST(lastModified AS TIMESTAMP) AS last_modified,
       downloads AS downloads_30d, downloadsAllTime AS downloads_all_time, likes,
       CAST(trendingScore AS DOUBLE) AS trending_score, pipeline_tag, library_name AS library,
       card_strings(card, 'license')[1] AS license, card_strings(card, 'language') AS languages, tags,
       list_transform(baseModels.models, lambda m: m.id) AS base_models, baseModels.relation AS base_model_relation,
       card_strings(card, 'base_model') AS card_base_models,
       safetensors.parameters AS safetensors_parameters, source.safetensors.total AS safetensors_total,
       CAST(json_extract(header, '$.total') AS BIGINT) AS gguf_total,
       json_extract_string(header, '$.architecture') AS gguf_architecture,
       CAST(NULL AS BIGINT) AS stated_parameters, CAST(NULL AS BIGINT) AS storage_bytes,
       CAST(NULL AS VARCHAR) AS gated, CAST(NULL AS BOOLEAN) AS private, CAST(NULL AS BOOLEAN) AS disabled,
       CAST(NULL AS BOOLEAN) AS removed, CAST(NULL AS VARCHAR) AS sha
FROM source LEFT JOIN safetensors ON safetensors.id = source.id;

CREATE OR REPLACE TABLE listing AS
SELECT 'hub-stats' AS source, 'census' AS coverage, CAST(NULL AS VARCHAR) AS part,
       getvariable('snapshot_date') - 1 AS counters_date;
