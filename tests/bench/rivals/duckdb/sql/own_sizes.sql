-- What a correction or its own metadata say, once the name has been asked; and what the name says.
WITH asked AS (
    SELECT s.n, s.id, s.corrected, named.parameters AS named,
           CASE WHEN doubted THEN s.storage_bytes END AS storage, s.stored, s.header, s.stated
    FROM sized AS s LEFT JOIN sizes_named AS named ON named.n = s.n),
held AS (
    SELECT n, id, corrected, named,
           CASE WHEN NOT coalesce(storage > getvariable('many_bytes') * stored AND named > 2 * stored, false)
                THEN stored END AS stored,
           CASE WHEN NOT coalesce(storage > getvariable('many_bytes') * header AND named > 2 * header, false)
                THEN header END AS header,
           CASE WHEN NOT coalesce(storage > getvariable('many_bytes') * stated AND named > 2 * stated, false)
                THEN stated END AS stated
    FROM asked)
SELECT n, id, named, CAST(coalesce(corrected, stored, header, stated) AS BIGINT) AS parameters,
       CASE WHEN corrected IS NOT NULL THEN 'correction' WHEN stored IS NOT NULL THEN 'safetensors'
            WHEN header IS NOT NULL THEN 'gguf' WHEN stated IS NOT NULL THEN 'stated' END AS parameters_source
FROM held
