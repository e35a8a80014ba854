SELECT said.n, said.id, tag, framework, is_language, in_doubt, makes_a_list
FROM (SELECT n, id, unnest(tags) AS tag FROM ingested WHERE removed IS NOT TRUE) AS said
JOIN tag_words USING (tag)
