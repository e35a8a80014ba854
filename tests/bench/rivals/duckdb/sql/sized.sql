-- Whose each model is, and the numbers of parameters that it may have by a correction or its own metadata. What the
-- source says to be gone from the Hub is left out from here on. A view: the joins are with small tables, the rest is
-- work on one row. `doubted` says that the name has to be asked before a number is believed.
WITH summed AS (
    SELECT i.* REPLACE (nullif(i.storage_bytes, 0) AS storage_bytes),
           CASE WHEN contains(i.id, '/') THEN split_part(i.id, '/', 1)
                ELSE coalesce(legacy_owners.account, nullif(trim(i.author), ''), i.id) END AS account,
           c.parameters AS corrected,
           CASE WHEN len(safetensors_parameters) > 0
                THEN list_sum(list_transform(safetensors_parameters, lambda e: CAST(split_part(e, '=', 2) AS BIGINT)))
                ELSE safetensors_total END AS elements,
           CASE WHEN len(safetensors_parameters) > 0
                THEN list_sum(list_transform(
                         list_filter(safetensors_parameters, lambda e: split_part(e, '=', 1) IN ('I32', 'U32', 'U8')),
                         lambda e: CAST(split_part(e, '=', 2) AS BIGINT))) END AS packed,
           CASE WHEN len(safetensors_parameters) > 0
                THEN list_sum(list_transform(
                         list_filter(safetensors_parameters, lambda e: split_part(e, '=', 1) IN ('BOOL', 'U8')),
                         lambda e: CAST(split_part(e, '=', 2) AS BIGINT))) END AS masks
    FROM ingested AS i LEFT JOIN legacy_owners ON legacy_owners.id = i.id
    LEFT JOIN size_corrections AS c ON c.id = i.id
    WHERE i.removed IS NOT TRUE),
-- What is not packed and of a type of one byte without sign, or of truth values, masks attention.
held AS (
    SELECT *, elements - coalesce(masks, 0) AS weights,
           CASE WHEN coalesce(packed, 0) <= getvariable('packed_share') * elements
                     AND weights BETWEEN 1 AND getvariable('largest')
                     AND coalesce(storage_bytes >= getvariable('least_bytes') * weights, true) THEN weights END
               AS stored,
           CASE WHEN gguf_total BETWEEN 1 AND getvariable('largest')
                     AND coalesce(storage_bytes BETWEEN getvariable('least_bytes') * gguf_total
                                                    AND getvariable('most_bytes') * gguf_total, true)
                THEN gguf_total END AS header,
           CASE WHEN stated_parameters BETWEEN 1 AND getvariable('largest')
                     AND coalesce(storage_bytes BETWEEN getvariable('least_bytes') * stated_parameters
                                                    AND getvariable('most_bytes') * stated_parameters, true)
                     AND (coalesce(list_contains(tags, 'gguf') AND NOT list_contains(tags, 'safetensors'), false)
                          OR NOT (list_has_any(coalesce(tags, []), getvariable('four_bit_tags'))
                                  OR regexp_matches(string_split(id, '/')[-1], getvariable('four_bit_names'), 'i')
                                  OR list_has_any(coalesce(tags, []), getvariable('packed_tags'))
                                     AND NOT list_contains(tags, 'fp8'))) THEN stated_parameters END AS stated
    FROM summed)
SELECT * EXCLUDE (elements, packed, masks, weights),
       corrected IS NULL AND coalesce(storage_bytes > getvariable('many_bytes') * least(stored, header, stated), false)
           AS doubted
FROM held
