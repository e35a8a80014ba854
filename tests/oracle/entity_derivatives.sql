WITH either AS (
    SELECT id, maker, bool_or(descends) AS descends, bool_or(named) AS named, bool_or(kin) AS kin
    FROM (SELECT id, maker, true AS descends, false AS named, false AS kin FROM origins
          UNION ALL SELECT id, base_models.entity, true, true, false
          FROM model_parents JOIN base_models USING (base_model)
          UNION ALL SELECT id, maker, false, false, true FROM model_families WHERE family IS NOT NULL)
    GROUP BY id, maker),
sums AS (
    SELECT maker AS entity, count(*) FILTER (descends AND entity <> maker) AS derivatives,
           count(*) FILTER (named AND entity <> maker) AS direct_derivatives,
           count(*) FILTER (descends AND entity = maker) AS own_derivatives,
           count(DISTINCT entity) FILTER (descends AND entity <> maker) AS publishers,
           count(*) FILTER (kin) AS family_models,
           count(*) FILTER (kin AND entity <> maker) AS family_models_by_others,
           count(*) FILTER (entity <> maker) AS derivatives_or_family
    FROM either JOIN models USING (id) GROUP BY maker),
bases AS (
    SELECT entity, count(*) AS base_models, count(*) FILTER (NOT in_snapshot) AS missing_base_models
    FROM base_models GROUP BY entity)
SELECT row_number() OVER (ORDER BY derivatives DESC, derivatives_or_family DESC, entity) AS rank,
       entity, entity_type, country,
       coalesce(base_models, 0) AS base_models, coalesce(missing_base_models, 0) AS missing_base_models,
       derivatives, direct_derivatives, own_derivatives, publishers,
       CASE WHEN has_family THEN family_models END AS family_models,
       CASE WHEN has_family THEN family_models_by_others END AS family_models_by_others,
       derivatives_or_family
FROM (SELECT *, entity IN (SELECT entity FROM known_families) AS has_family FROM sums)
JOIN makers USING (entity) LEFT JOIN bases USING (entity)
WHERE EXISTS (FROM model_parents)
ORDER BY rank;
