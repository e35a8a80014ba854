SELECT tag, family, entity, CAST(is_architecture AS BOOLEAN) AS is_architecture, CAST(shared AS BOOLEAN) AS shared,
       in_name
FROM facts('model_families')
