-- The tags that say something: frameworks, and the codes of languages that mean nothing else.
SELECT coalesce(f.tag, l.code) AS tag, f.framework, l.code IS NOT NULL AS is_language
FROM facts('frameworks') AS f
FULL JOIN (
    SELECT code FROM language_codes
    WHERE code NOT IN (SELECT tag FROM facts('non_language_tags')
                       UNION SELECT tag FROM facts('frameworks') UNION SELECT library FROM facts('libraries'))) AS l
ON l.code = f.tag
