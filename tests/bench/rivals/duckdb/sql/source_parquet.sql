-- hub-stats: the card and the GGUF header as JSON text, safetensors as a struct of data types. {entries} is one text
-- for each of them, put together from the file's own schema.
SELECT file_row_number AS position, id, author,
       CAST(createdAt AS TIMESTAMP) AS created_at, CAST(lastModified AS TIMESTAMP) AS last_modified,
       downloads AS downloads_30d, downloadsAllTime AS downloads_all_time, likes,
       CAST(trendingScore AS DOUBLE) AS trending_score, pipeline_tag, library_name AS library,
       json_strings(card[1])[1] AS license, json_strings(card[2]) AS languages, tags,
       list_transform(baseModels.models, lambda m: m.id) AS base_models, baseModels.relation AS base_model_relation,
       json_strings(card[3]) AS card_base_models,
       CASE WHEN safetensors.parameters IS NOT NULL
            THEN list_filter([{entries}], lambda entry: entry IS NOT NULL) END AS safetensors_parameters,
       safetensors.total AS safetensors_total,
       CAST(header[1] AS BIGINT) AS gguf_total, json_extract_string(header[2], '$') AS gguf_architecture
FROM (SELECT *, TRY(json_extract(cardData, ['$.license', '$.language', '$.base_model'])) AS card,
             TRY(json_extract(gguf, ['$.total', '$.architecture'])) AS header
      FROM read_parquet(getvariable('raw'), file_row_number = true))
