-- The snapshots that windows of days compare with, and every model of each two. Variables: snapshot_date, times,
-- doubling_days, few, days (of momentum).
CREATE OR REPLACE TABLE asked AS
SELECT 'nearest' AS how, unnest([7, 30, 90, 91, 182, 365]) AS asked UNION ALL SELECT 'at least', getvariable('days');

CREATE OR REPLACE TABLE found AS
WITH counts AS (SELECT snapshot_date, count(*) AS models FROM models GROUP BY snapshot_date),
extent AS (SELECT * FROM extents JOIN counts USING (snapshot_date) WHERE kind = 'models'),
candidates AS (
    SELECT how, asked, before.snapshot_date AS previous_date, now.models, before.models AS previous_models,
           now.snapshot_date - before.snapshot_date AS distance
    FROM asked, extent AS now JOIN extent AS before
         ON before.snapshot_date < now.snapshot_date
        AND (before.source = now.source OR [before.coverage, now.coverage] = ['census', 'census'])
    WHERE now.snapshot_date = getvariable('snapshot_date')
      AND CASE how WHEN 'nearest' THEN distance BETWEEN asked / 2 AND 2 * asked ELSE distance >= asked END)
SELECT how, asked, previous_date, CAST(distance AS BIGINT) AS days, models, previous_models,
       models - previous_models BETWEEN -getvariable('few') AND getvariable('few')
       OR models / previous_models BETWEEN 1 / getvariable('times')
                                       AND getvariable('times') * pow(2, distance // getvariable('doubling_days'))
           AS in_proportion
FROM candidates
-- the nearest; of two as near the older
QUALIFY row_number() OVER (PARTITION BY how, asked ORDER BY abs(distance - asked), distance DESC) = 1;

CREATE OR REPLACE TABLE windows_compared AS SELECT how, asked, previous_date, days FROM found WHERE in_proportion;

-- First who bears the same identity, then who bears the same id among those that are left.
CREATE OR REPLACE TABLE over_windows AS
WITH stands AS (
    SELECT models.*, repo_id, coalesce(family, 'unknown') AS family, origins.* EXCLUDE (snapshot_date, id)
    FROM models JOIN ingest USING (snapshot_date, id) LEFT JOIN kept.model_families USING (snapshot_date, id)
    JOIN (SELECT snapshot_date, id, origin_entity, origin_entity_type, origin_country, origin_continent, origin_eu_group,
                 generations FROM kept.model_origins) AS origins USING (snapshot_date, id)),
now AS (SELECT * FROM stands WHERE snapshot_date = getvariable('snapshot_date')),
before AS (SELECT how, asked, days, stands.* FROM stands JOIN windows_compared ON previous_date = snapshot_date),
by_identity AS (SELECT how, asked, now.id, before.id AS former_id, true AS same FROM now JOIN before USING (repo_id)),
by_id AS (
    SELECT how, asked, id, id AS former_id,
           coalesce(now.repo_id = before.repo_id,
                    date_trunc('second', now.created_at) = date_trunc('second', before.created_at), true) AS same
    FROM now JOIN before USING (id)
    WHERE NOT EXISTS (FROM by_identity AS b WHERE b.how = before.how AND b.asked = before.asked
                      AND (b.id = before.id OR b.former_id = before.id))),
matched AS (FROM by_identity UNION ALL FROM by_id),
every AS (
    FROM matched
    UNION ALL
    SELECT how, asked, now.id, NULL, NULL FROM windows_compared, now
    WHERE NOT EXISTS (FROM matched AS m WHERE m.how = windows_compared.how AND m.asked = windows_compared.asked AND m.id = now.id)
    UNION ALL
    SELECT how, asked, NULL, id, NULL FROM before
    WHERE NOT EXISTS (FROM matched AS m WHERE m.how = before.how AND m.asked = before.asked AND m.former_id = before.id))
SELECT every.how, every.asked, w.previous_date, w.days, every.same,
       now.id IS NOT NULL AS is_here, before.id IS NOT NULL AS was_there,
       NOT coalesce(every.same, false) AND now.id IS NOT NULL AS is_new,
       is_new AND coalesce(CAST(now.created_at AS DATE) >= w.previous_date, false) AS made_since,
       now.downloads_all_time, before.downloads_all_time AS previous_downloads_all_time,
       now.downloads_30d, before.downloads_30d AS previous_downloads_30d,
       coalesce(now.account, before.account) AS account,
       coalesce(now.entity, before.entity) AS entity,
       coalesce(now.entity_type, before.entity_type) AS entity_type,
       coalesce(now.country, before.country) AS country,
       coalesce(now.continent, before.continent) AS continent,
       coalesce(now.eu_group, before.eu_group) AS eu_group,
       coalesce(now.size_class, before.size_class) AS size_class,
       coalesce(now.size_class_coarse, before.size_class_coarse) AS size_class_coarse,
       coalesce(now.modality, before.modality) AS modality,
       coalesce(now.task, before.task) AS task,
       coalesce(now.family, before.family) AS family,
       coalesce(now.origin_entity, before.origin_entity) AS origin_entity,
       coalesce(now.origin_entity_type, before.origin_entity_type) AS origin_entity_type,
       coalesce(now.origin_country, before.origin_country) AS origin_country,
       coalesce(now.origin_continent, before.origin_continent) AS origin_continent,
       coalesce(now.origin_eu_group, before.origin_eu_group) AS origin_eu,
       now.generations
FROM every JOIN windows_compared AS w USING (how, asked)
LEFT JOIN now ON now.id = every.id
LEFT JOIN before ON before.how = every.how AND before.asked = every.asked AND before.id = every.former_id;
