-- A null, a blank text and an empty list are missing; zero is a value.
WITH there AS (
    SELECT count(*) AS rows,
           count(*) FILTER (trim(id) <> '') AS id,
           count(*) FILTER (trim(repo_id) <> '') AS repo_id,
           count(*) FILTER (trim(author) <> '') AS author,
           count(*) FILTER (trim(pipeline_tag) <> '') AS pipeline_tag,
           count(*) FILTER (trim(library) <> '') AS library,
           count(*) FILTER (trim(license) <> '') AS license,
           count(*) FILTER (trim(base_model_relation) <> '') AS base_model_relation,
           count(*) FILTER (trim(gguf_architecture) <> '') AS gguf_architecture,
           count(*) FILTER (trim(gated) <> '') AS gated,
           count(*) FILTER (trim(sha) <> '') AS sha,
           count(*) FILTER (len(languages) > 0) AS languages,
           count(*) FILTER (len(tags) > 0) AS tags,
           count(*) FILTER (len(base_models) > 0) AS base_models,
           count(*) FILTER (len(card_base_models) > 0) AS card_base_models,
           count(*) FILTER (len(safetensors_parameters) > 0) AS safetensors_parameters,
           count(created_at) AS created_at,
           count(last_modified) AS last_modified,
           count(downloads_30d) AS downloads_30d,
           count(downloads_all_time) AS downloads_all_time,
           count(likes) AS likes,
           count(trending_score) AS trending_score,
           count(safetensors_total) AS safetensors_total,
           count(gguf_total) AS gguf_total,
           count(stated_parameters) AS stated_parameters,
           count(storage_bytes) AS storage_bytes,
           count(private) AS private,
           count(disabled) AS disabled,
           count(removed) AS removed
    FROM ingested),
counts AS (
    SELECT column_name, rows, rows - there AS missing
    FROM (UNPIVOT there ON COLUMNS(* EXCLUDE (rows)) INTO NAME column_name VALUE there))
SELECT row_number() OVER (ORDER BY missing DESC, column_name) AS rank, column_name, rows, missing,
       share(missing, rows) AS missing_share
FROM counts ORDER BY rank
