-- Whose each model is, and its number of parameters by all but its name. What the source says to be gone from the Hub
-- is left out from here on. A view: the joins are with small tables, the rest is work on one row.
WITH summed AS (
    SELECT i.*,
           CASE WHEN contains(i.id, '/') THEN split_part(i.id, '/', 1)
                ELSE coalesce(legacy_owners.account, nullif(trim(i.author), ''), i.id) END AS account,
           c.parameters AS corrected,
           CASE WHEN len(safetensors_parameters) > 0
                THEN greatest(list_sum(list_transform(safetensors_parameters,
                                           lambda e: CAST(split_part(e, '=', 2) AS BIGINT))),
                              coalesce(safetensors_total, 0))
                ELSE safetensors_total END AS larger,
           CASE WHEN len(safetensors_parameters) > 0
                THEN list_sum(list_transform(
                         list_filter(safetensors_parameters, lambda e: split_part(e, '=', 1) IN ('I32', 'U32', 'U8')),
                         lambda e: CAST(split_part(e, '=', 2) AS BIGINT))) END AS packed
    FROM ingested AS i LEFT JOIN legacy_owners ON legacy_owners.id = i.id
    LEFT JOIN size_corrections AS c ON c.id = i.id
    WHERE i.removed IS NOT TRUE),
known AS (
    SELECT *, CASE WHEN coalesce(packed, 0) <= getvariable('packed_share') * larger THEN nullif(larger, 0) END
        AS stored,
           CASE WHEN stated_parameters > 0
                     AND (NOT list_has_any(coalesce(tags, []), getvariable('quantised_tags'))
                          OR list_contains(tags, 'fp8')) THEN stated_parameters END AS stated
    FROM summed)
SELECT * EXCLUDE (corrected, larger, packed, stored, stated),
       CAST(coalesce(corrected, stored, nullif(gguf_total, 0), stated) AS BIGINT) AS parameters,
       CASE WHEN corrected IS NOT NULL THEN 'correction' WHEN stored IS NOT NULL THEN 'safetensors'
            WHEN gguf_total > 0 THEN 'gguf' WHEN stated IS NOT NULL THEN 'stated' END AS parameters_source
FROM known
