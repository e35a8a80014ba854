SELECT id, account, string_split(id, '/')[-1] AS name, NOT contains(id, '/') AS ownerless,
       entity, entity_type, country, continent, eu_group
FROM model_rows
