-- The card, where there is one; else the tags that are taken for languages. Tags in doubt are few: for them alone the
-- model's other tags are counted, and its name is read.
WITH card AS (
    SELECT DISTINCT n, id, trim(value) AS value
    FROM (SELECT n, id, unnest(languages) AS value
          FROM ingested WHERE len(languages) > 0 AND removed IS NOT TRUE)
    WHERE trim(value) <> ''),
-- Of each value once: with script, region and variants, what is before them.
meant AS (
    SELECT value, coalesce(whole.language, part.language) AS language
    FROM (SELECT DISTINCT value, lower(value) AS code FROM card) AS v
    LEFT JOIN language_codes AS whole ON whole.code = v.code
    LEFT JOIN language_codes AS part ON part.code = regexp_extract(
        v.code, '^([a-z]{2,3})([-_][a-z]{4})?([-_]([a-z]{2}|[0-9]{3}))?([-_]([a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*$', 1)),
tagged AS (
    SELECT DISTINCT n, id, tag AS value, in_doubt, makes_a_list FROM said_by_tags
    WHERE is_language AND n NOT IN (SELECT n FROM ingested WHERE len(languages) > 0)),
doubted AS (SELECT n, id, value FROM tagged WHERE in_doubt),
lists AS (
    SELECT n FROM tagged WHERE makes_a_list AND n IN (SELECT n FROM doubted)
    GROUP BY n HAVING count(*) >= getvariable('listed')),
unlisted AS (SELECT n, id, value FROM doubted ANTI JOIN lists USING (n)),
-- Each with the task that is stated, and with the type of a model that says little of it.
asked AS (
    SELECT u.n, u.id, u.value, coalesce(nullif(lower(trim(i.pipeline_tag)), ''), 'unknown') AS kind,
           CASE WHEN kind IN ('unknown', 'feature-extraction')
                THEN coalesce(type_in_tags, lower(trim(i.gguf_architecture))) END AS model_type
    FROM unlisted AS u JOIN ingested AS i USING (n) LEFT JOIN types_found USING (n)),
named AS (
    SELECT DISTINCT n, said.id, value
    FROM (SELECT *,
                 unnest(regexp_split_to_array(lower(regexp_extract(id, '[^/]*$')), '[^a-z0-9]+')) AS word
          FROM asked) AS said
    JOIN language_words AS w ON w.tag = said.value AND w.word = said.word
    LEFT JOIN facts('task_corrections') AS c ON c.id = said.id
    LEFT JOIN facts('model_type_tasks') AS t
           ON t.model_type = said.model_type AND kind IN ('unknown', t.replaces)
    LEFT JOIN facts('pipeline_tags') AS p ON p.pipeline_tag = coalesce(c.pipeline_tag, t.pipeline_tag, kind)
    WHERE CAST(p.language_applies AS BOOLEAN) IS NOT FALSE),
taken AS (
    SELECT n, id, value FROM tagged WHERE NOT in_doubt
    UNION ALL SELECT n, id, value FROM doubted SEMI JOIN lists USING (n)
    UNION ALL SELECT n, id, value FROM named)
SELECT n, id, value, language, 'card' AS origin FROM card JOIN meant USING (value)
UNION ALL
SELECT n, id, value, w.language, 'tag' FROM taken JOIN tag_words AS w ON w.tag = taken.value
ORDER BY n, value
