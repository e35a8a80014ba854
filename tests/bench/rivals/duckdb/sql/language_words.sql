-- By which words of its name a model says that a tag in doubt is a language: a code of three letters that is in a list,
-- or a long word of the language's name.
WITH in_doubt AS (SELECT tag, is_listed_only FROM tag_words WHERE in_doubt AND NOT is_friend)
SELECT tag, tag AS word FROM in_doubt WHERE is_listed_only AND length(tag) = 3
UNION
SELECT tag, word
FROM (SELECT tag, unnest(regexp_split_to_array(regexp_replace(lower(name), '\(.*\)', ''), '[^a-z]+')) AS word
      FROM in_doubt JOIN language_codes ON code = tag)
WHERE length(word) >= 5 AND word <> 'language'
