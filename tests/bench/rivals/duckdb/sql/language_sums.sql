-- Two values of one model may be codes of the same language: en, eng. Those that state none are unknown where a
-- language applies.
WITH spoken AS (SELECT DISTINCT n, language FROM languages_found WHERE language IS NOT NULL),
found AS (
    SELECT language, language_applies, in_all_time, in_last_30d, all_time, last_30d
    FROM spoken JOIN counted USING (n)
    UNION ALL
    SELECT 'unknown', true, in_all_time, in_last_30d, all_time, last_30d
    FROM counted WHERE language_applies AND NOT states_language)
SELECT language, language_applies, in_all_time, in_last_30d, count(*) AS models,
       CAST(sum(all_time) AS BIGINT) AS all_time, CAST(sum(last_30d) AS BIGINT) AS last_30d
FROM found GROUP BY ALL
