-- The card, else those tags that are codes.
WITH card AS (
    SELECT n, id, unnest(list_distinct(languages)) AS value
    FROM ingested WHERE len(languages) > 0 AND removed IS NOT TRUE),
stated AS (SELECT * FROM card WHERE trim(value) <> ''),
tagged AS (
    SELECT DISTINCT n, id, tag AS value FROM said_by_tags
    WHERE is_language AND n NOT IN (SELECT n FROM stated))
SELECT n, id, value, codes.language, origin
FROM (SELECT *, 'card' AS origin FROM stated UNION ALL SELECT *, 'tag' FROM tagged) AS found
LEFT JOIN language_codes AS codes ON codes.code = lower(found.value)
ORDER BY n, value
