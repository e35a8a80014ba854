-- What models are made from: what they name, but not themselves, also not under another home or format; full weights
-- beside copies in other formats are a finetune, and what has its base's name with an ending of copies is quantised.
-- What is left without a base is a copy of that model of its account whose name it has with such an ending. Names and
-- tags are asked last, of the few pairs left by then.
WITH claims AS (
    SELECT lower(account) AS home, min(entity) AS entity FROM accounts_of_the_day GROUP BY lower(account)),
homes AS (
    SELECT p.n, p.id, p.base_model,
           lower(CASE WHEN contains(p.id, '/') THEN split_part(p.id, '/', 1) ELSE mine.account END) AS home,
           lower(CASE WHEN contains(p.base_model, '/') THEN split_part(p.base_model, '/', 1) ELSE its.account END)
               AS base_home
    FROM parents_named AS p
    LEFT JOIN legacy_owners AS mine ON mine.id = p.id LEFT JOIN legacy_owners AS its ON its.id = p.base_model),
same AS (
    SELECT n, base_model
    FROM homes LEFT JOIN claims AS mine ON mine.home = homes.home LEFT JOIN claims AS its ON its.home = base_home
    -- a CASE, so that no name is looked at before its home
    WHERE CASE WHEN homes.home = base_home OR coalesce(mine.entity, homes.home) = coalesce(its.entity, base_home)
               THEN bare_name(id) = bare_name(base_model) END
      AND base_model NOT IN (SELECT id FROM parents_named)),
full_weights AS (
    SELECT p.n, p.base_model
    FROM (SELECT n, id, base_model FROM parents_named
          WHERE relation = 'quantized' AND lower_name(id) <> lower_name(base_model)) AS p
    JOIN (SELECT n, tags FROM ingested) AS i USING (n)
    WHERE CASE WHEN list_has_any(tags, getvariable('copy_tags'))
                    AND list_has_any(tags, getvariable('weight_tags'))
                    AND NOT list_has_any(tags, getvariable('quantised_tags'))
               THEN NOT regexp_matches(lower_name(p.id), getvariable('quantised_names'), 'i') END),
judged AS (
    SELECT p.n, p.id, p.base_model, p.origin, p.place, p.several,
           CASE WHEN c.relation IS NOT NULL THEN c.relation WHEN same.n IS NOT NULL THEN 'original'
                WHEN w.n IS NOT NULL THEN 'finetune'
                WHEN p.relation = 'finetune' AND starts_with(lower_name(p.id), lower_name(p.base_model))
                     AND regexp_matches(substring(lower_name(p.id), length(lower_name(p.base_model)) + 1),
                                        '^' || getvariable('quantised_endings')) THEN 'quantized'
                ELSE p.relation END AS relation
    FROM parents_named AS p
    LEFT JOIN same ON same.n = p.n AND same.base_model = p.base_model
    LEFT JOIN full_weights AS w ON w.n = p.n AND w.base_model = p.base_model
    LEFT JOIN facts('relation_corrections') AS c ON c.id = p.id AND c.base_model = p.base_model
    WHERE p.id <> p.base_model),
stated AS (SELECT * FROM judged WHERE relation <> 'original'),
endless AS (
    SELECT n, id, regexp_replace(lower(id), getvariable('quantised_endings'), '') AS folded
    FROM (SELECT n, id FROM ingested WHERE removed IS NOT TRUE) ANTI JOIN stated USING (n)),
copies AS (
    SELECT c.n, c.id, min(i.id) AS base_model
    FROM (SELECT * FROM endless WHERE folded <> lower(id)) AS c JOIN ingested AS i ON lower(i.id) = c.folded
    WHERE i.removed IS NOT TRUE GROUP BY c.n, c.id)
SELECT n, id, base_model, relation, origin, row_number() OVER (PARTITION BY n ORDER BY place, base_model) AS position
FROM stated WHERE several
UNION ALL SELECT n, id, base_model, relation, origin, 1 FROM stated WHERE NOT several
UNION ALL SELECT n, id, base_model, coalesce(c.relation, 'quantized'), 'name', 1
FROM copies LEFT JOIN facts('relation_corrections') AS c USING (id, base_model)
WHERE c.relation IS DISTINCT FROM 'original'
ORDER BY n, position
