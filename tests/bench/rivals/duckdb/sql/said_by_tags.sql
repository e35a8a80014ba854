SELECT said.n, said.id, place, tag, framework, is_type, is_language, in_doubt, makes_a_list
FROM (SELECT n, id, unnest(tags) AS tag, generate_subscripts(tags, 1) AS place
      FROM ingested WHERE removed IS NOT TRUE) AS said
JOIN tag_words USING (tag)
