-- What models name as their base: as the Hub resolved it, else tags, else the card; never from two of them. Most models
-- have one parent or none, so only lists of several are looked through for repetitions. Ids that differ only in case
-- are one: that which is in the snapshot.
WITH resolved AS (
    SELECT n, id, tags, card_base_models, coalesce(base_model_relation, 'unknown') AS relation,
           list_filter(base_models, lambda m: trim(m) <> '') AS resolved
    FROM ingested WHERE removed IS NOT TRUE),
tagged AS (
    SELECT n, id, relation, card_base_models, resolved,
           CASE WHEN coalesce(len(resolved), 0) = 0
                THEN list_transform(
                         list_filter(tags, lambda t: starts_with(t, 'base_model:') AND t <> 'base_model:'),
                         lambda t: regexp_extract(t, '^base_model:(?:(finetune|adapter|quantized|merge):)?(.+)$',
                                                  ['relation', 'base_model'])) END AS tagged
    FROM resolved),
chosen AS (
    SELECT n, id, CASE WHEN len(resolved) > 0 THEN 'base_models'
                       WHEN len(list_filter(tagged, lambda t: trim(t.base_model) <> '')) > 0 THEN 'tag'
                       ELSE 'card' END AS origin,
           CASE origin WHEN 'base_models' THEN list_transform(resolved, lambda m: {'relation': relation,
               'base_model': m})
                       WHEN 'tag' THEN tagged
                       ELSE list_transform(card_base_models, lambda m: {'relation': relation, 'base_model': m}) END
               AS parents
    FROM tagged),
parted AS (
    SELECT n, id, origin, unnest(parents) AS parent, generate_subscripts(parents, 1) AS place, len(parents) > 1
        AS several
    FROM chosen WHERE len(parents) > 0),
named AS (
    SELECT n, id, origin, place, several, trim(parent.base_model) AS base_model,
           coalesce(nullif(parent.relation, ''), 'unknown') AS relation
    FROM parted WHERE trim(parent.base_model) <> ''),
strange AS (
    SELECT base_model FROM (SELECT DISTINCT base_model FROM named)
    ANTI JOIN (SELECT id AS base_model FROM ingested WHERE removed IS NOT TRUE) USING (base_model)),
spelled AS (
    SELECT strange.base_model, min(i.id) AS spelling
    FROM strange JOIN ingested AS i ON lower(i.id) = lower(strange.base_model)
    WHERE i.removed IS NOT TRUE GROUP BY strange.base_model),
meant AS (
    SELECT named.* REPLACE (coalesce(spelling, base_model) AS base_model)
    FROM named LEFT JOIN spelled USING (base_model)),
once AS (
    SELECT n, any_value(id) AS id, base_model, any_value(origin) AS origin, min(place) AS place,
           coalesce(min(relation) FILTER (relation <> 'unknown'), 'unknown') AS relation
    FROM meant WHERE several GROUP BY n, base_model)
SELECT n, id, base_model, relation, origin, place, true AS several FROM once
UNION ALL SELECT n, id, base_model, relation, origin, place, false FROM meant WHERE NOT several
