-- The Hub's API: one object a line.
SELECT row_number() OVER () AS position, coalesce(id, modelId) AS id, _id AS repo_id, author,
       createdAt AS created_at, lastModified AS last_modified,
       downloads AS downloads_30d, downloadsAllTime AS downloads_all_time, likes,
       trendingScore AS trending_score, pipeline_tag, library_name AS library,
       json_strings(cardData.license)[1] AS license, json_strings(cardData.language) AS languages, tags,
       list_transform(baseModels.models, lambda m: m.id) AS base_models, baseModels.relation AS base_model_relation,
       json_strings(cardData.base_model) AS card_base_models,
       list_transform(map_entries(safetensors.parameters), lambda entry: entry.key || '=' || entry.value)
           AS safetensors_parameters,
       safetensors.total AS safetensors_total, gguf.total AS gguf_total, gguf.architecture AS gguf_architecture,
       usedStorage AS storage_bytes,
       trim(gated, '"') AS gated, private, disabled, sha
FROM read_json(getvariable('raw'), format = 'newline_delimited', columns = {
    _id: 'VARCHAR', id: 'VARCHAR', modelId: 'VARCHAR', author: 'VARCHAR', createdAt: 'TIMESTAMP',
    lastModified: 'TIMESTAMP', downloads: 'BIGINT', downloadsAllTime: 'BIGINT', likes: 'BIGINT',
    trendingScore: 'DOUBLE', pipeline_tag: 'VARCHAR', library_name: 'VARCHAR', tags: 'VARCHAR[]',
    cardData: 'STRUCT(license JSON, language JSON, base_model JSON)',
    baseModels: 'STRUCT(relation VARCHAR, models STRUCT(id VARCHAR)[])',
    safetensors: 'STRUCT(parameters MAP(VARCHAR, BIGINT), total BIGINT)',
    gguf: 'STRUCT(total BIGINT, architecture VARCHAR)', usedStorage: 'BIGINT', gated: 'JSON', private: 'BOOLEAN',
    disabled: 'BOOLEAN', sha: 'VARCHAR'})
