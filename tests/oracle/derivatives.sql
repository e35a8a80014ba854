-- The models of a cycle are one generation, so that chains end.
WITH RECURSIVE generations AS (
    SELECT DISTINCT coalesce(above.cycle, base_model) AS one, coalesce(below.cycle, model_parents.id) AS child
    FROM model_parents LEFT JOIN cycles AS above ON above.id = base_model
    LEFT JOIN cycles AS below ON below.id = model_parents.id
    WHERE one <> child),
chains(one, length) AS (
    SELECT one, 1 FROM generations
    UNION SELECT generations.one, length + 1 FROM chains JOIN generations ON generations.child = chains.one),
depths AS (SELECT one, max(length) AS depth FROM chains GROUP BY one),
children AS (
    SELECT base_model, count(*) AS children, count(*) FILTER (relation = 'finetune') AS finetunes,
           count(*) FILTER (relation = 'adapter') AS adapters, count(*) FILTER (relation = 'quantized') AS quantized,
           count(*) FILTER (relation = 'merge') AS merges, count(*) FILTER (relation = 'unknown') AS unstated
    FROM model_parents GROUP BY base_model),
descendants AS (
    SELECT ancestor AS base_model, count(*) AS descendants,
           CAST(sum(downloads_all_time) AS BIGINT) AS descendants_downloads_all_time,
           CAST(sum(downloads_30d) AS BIGINT) AS descendants_downloads_30d
    FROM ancestors JOIN models USING (id) WHERE id <> ancestor GROUP BY ancestor),
missing AS (
    SELECT id AS base_model, list(base_models.base_model ORDER BY position) AS missing_parents
    FROM model_parents JOIN base_models USING (base_model) WHERE NOT in_snapshot GROUP BY id)
SELECT row_number() OVER (ORDER BY coalesce(descendants, 0) DESC, coalesce(children, 0) DESC, base_model) AS rank,
       base_model, in_snapshot, entity, country, coalesce(children, 0) AS children, coalesce(finetunes, 0) AS finetunes,
       coalesce(adapters, 0) AS adapters, coalesce(quantized, 0) AS quantized, coalesce(merges, 0) AS merges,
       coalesce(unstated, 0) AS unstated, coalesce(descendants, 0) AS descendants,
       CAST(coalesce(depth, 0) AS BIGINT) AS depth, descendants_downloads_all_time, descendants_downloads_30d,
       cycle, coalesce(missing_parents, []) AS missing_parents
FROM base_models JOIN makers USING (entity)
LEFT JOIN children USING (base_model) LEFT JOIN descendants USING (base_model) LEFT JOIN missing USING (base_model)
LEFT JOIN cycles ON cycles.id = base_model
LEFT JOIN depths ON depths.one = coalesce(cycle, base_model)
ORDER BY rank;
