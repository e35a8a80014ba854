-- Two values of one model may be codes of the same language: en, eng. Those that state none are multilingual if they
-- say so, and else unknown where a language applies.
WITH spoken AS (
    SELECT DISTINCT n, language FROM languages_found WHERE language IS NOT NULL
    UNION ALL
    SELECT DISTINCT f.n, 'multilingual'
    FROM languages_found AS f JOIN counted AS c USING (n)
    WHERE lower(value) IN ('multilingual', 'mul') AND NOT c.states_language),
found AS (
    SELECT language, language_applies, in_all_time, in_last_30d, all_time, last_30d
    FROM spoken JOIN counted USING (n)
    UNION ALL
    SELECT 'unknown', true, in_all_time, in_last_30d, all_time, last_30d
    FROM counted ANTI JOIN spoken USING (n) WHERE language_applies)
SELECT language, language_applies, in_all_time, in_last_30d, count(*) AS models,
       CAST(sum(all_time) AS BIGINT) AS all_time, CAST(sum(last_30d) AS BIGINT) AS last_30d
FROM found GROUP BY ALL
