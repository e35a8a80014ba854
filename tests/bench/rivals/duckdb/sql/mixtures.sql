-- How many parameters of a mixture of experts are active, by a fact, by the model's name, or by those of the model that
-- it is a copy or a finetune of. Only the few names that may say it are looked at closely.
WITH named AS (
    SELECT n, id, base_model FROM parents_found WHERE position = 1 AND relation IN ('quantized', 'finetune')),
names AS (
    SELECT DISTINCT id, split_part(id, '/', -1) AS name
    FROM (SELECT id FROM sized UNION ALL SELECT base_model FROM named)
    WHERE regexp_matches(id, '[^a-z0-9]a[0-9.]+[bm]|moe|[0-9]b[^a-z0-9]+[0-9]+e', 'i')),
told AS (
    SELECT id, regexp_extract(name, '(?:^|[^a-z0-9])a([0-9]{1,4}(?:\.[0-9]{1,4})?)([bm])(?:[^a-z0-9]|$)',
                              ['number', 'unit'], 'i') AS a,
           regexp_extract(name, '(?:^|[^a-z0-9.]|[^0-9]\.)([0-9]{1,4}(?:\.[0-9]{1,4})?)([bm])[^a-z0-9]+'
                                || '([0-9]{1,4}(?:\.[0-9]{1,4})?)([bm])(?:[^a-z0-9]|$)',
                          ['number', 'unit', 'number_2', 'unit_2'], 'i') AS two,
           regexp_extract(name, '(?:^|[^a-z0-9.]|[^0-9]\.)([0-9]{1,4}(?:\.[0-9]{1,4})?)b[^a-z0-9]+[0-9]{1,4}e'
                                || '(?:[^a-z0-9]|$)', 1, 'i') AS each,
           contains(lower(name), 'moe') AS says_moe
    FROM names),
sizes AS (
    SELECT id, says_moe, TRY_CAST(a.number AS DOUBLE) * CASE lower(a.unit) WHEN 'b' THEN 1e9 ELSE 1e6 END AS active,
           TRY_CAST(two.number AS DOUBLE) * CASE lower(two.unit) WHEN 'b' THEN 1e9 ELSE 1e6 END AS first,
           TRY_CAST(two.number_2 AS DOUBLE) * CASE lower(two.unit_2) WHEN 'b' THEN 1e9 ELSE 1e6 END AS second,
           TRY_CAST(each AS DOUBLE) * 1e9 AS each
    FROM told),
facts AS (SELECT id, CAST(parameters AS BIGINT) AS active FROM facts('active_parameters')),
known AS (
    SELECT id, active FROM facts
    UNION ALL
    SELECT id, CAST(round(coalesce(active, CASE WHEN says_moe AND first < second THEN first END, each)) AS BIGINT)
    FROM sizes ANTI JOIN facts USING (id)),
said AS (SELECT * FROM known WHERE active > 0)
SELECT i.n, coalesce(own.active, its.active) AS active
FROM sized AS i LEFT JOIN said AS own ON own.id = i.id
LEFT JOIN named ON named.n = i.n LEFT JOIN said AS its ON its.id = named.base_model
WHERE coalesce(own.active, its.active) IS NOT NULL
