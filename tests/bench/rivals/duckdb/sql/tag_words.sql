-- The tags that say something: frameworks, types of models, and what can be a language: what means nothing else, or is
-- in a list of languages. Some make a list by their number; those in doubt, which are of three letters or the tag of a
-- family of models, need one, or the name of the model.
WITH friends AS (
    SELECT tag FROM facts('non_language_tags')
    UNION SELECT tag FROM facts('frameworks') UNION SELECT library FROM facts('libraries')),
codes AS (
    SELECT code, language, code IN (SELECT tag FROM friends) AS is_friend,
           code IN (SELECT code FROM facts('language_lists')) AS is_listed
    FROM language_codes),
words AS (
    SELECT code, language, length(code) = 3 OR code IN (SELECT tag FROM facts('model_families')) AS in_doubt,
           is_listed AND NOT is_friend AS is_listed_only, is_friend,
           length(code) = 2 OR is_listed AND NOT is_friend AS makes_a_list
    FROM codes WHERE is_listed OR NOT is_friend
    UNION ALL SELECT 'multilingual', NULL, false, false, false, false)
SELECT coalesce(f.tag, w.code, m.model_type) AS tag, f.framework, m.model_type IS NOT NULL AS is_type,
       w.code IS NOT NULL AS is_language, w.language, w.in_doubt, w.is_listed_only, w.is_friend, w.makes_a_list
FROM facts('frameworks') AS f FULL JOIN words AS w ON w.code = f.tag
FULL JOIN facts('model_type_tasks') AS m ON m.model_type = coalesce(f.tag, w.code)
