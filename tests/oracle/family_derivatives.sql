WITH of_family AS (   -- which family an ancestor is of
    SELECT id AS base_model, family FROM model_families WHERE family IS NOT NULL
    UNION ALL SELECT id, family FROM family_names WHERE id NOT IN (SELECT id FROM models)),
pairs AS (
    SELECT DISTINCT ancestors.id, family FROM ancestors JOIN of_family ON base_model = ancestor WHERE ancestors.id <> ancestor),
direct AS (SELECT DISTINCT id, family, true AS named FROM model_parents JOIN of_family USING (base_model)),
makers_of AS (SELECT DISTINCT family, entity AS maker FROM known_families)
SELECT row_number() OVER (ORDER BY count(*) DESC, family, relation) AS rank, family, relation, maker,
       count(*) AS derivatives, count(*) FILTER (named) AS direct_derivatives,
       count(*) FILTER (entity = maker) AS derivatives_by_maker, count(*) FILTER (entity <> maker) AS derivatives_by_others,
       count(DISTINCT entity) FILTER (entity <> maker) AS publishers,
       CAST(sum(downloads_all_time) AS BIGINT) AS downloads_all_time,
       CAST(sum(downloads_all_time) FILTER (entity <> maker) AS BIGINT) AS downloads_all_time_by_others,
       CAST(sum(downloads_30d) AS BIGINT) AS downloads_30d,
       CAST(sum(downloads_30d) FILTER (entity <> maker) AS BIGINT) AS downloads_30d_by_others
FROM pairs JOIN models USING (id) JOIN makers_of USING (family) LEFT JOIN direct USING (id, family)
GROUP BY family, relation, maker
ORDER BY rank;
