-- All that is asked of a model, in the order of ids, and the numbers that stand for its account, entity, task and
-- size class.
WITH parents AS (
    SELECT n, count(*) AS base_model_count, min(base_model) FILTER (position = 1) AS base_model,
           min(relation) FILTER (position = 1) AS relation
    FROM parents_found GROUP BY n),
-- Fixtures have no size; an adapter has its own or none; another model that of its base, if its name agrees. Its
-- storage has to hold what its base or its name says.
weighed AS (
    SELECT i.*, parents.base_model, coalesce(parents.relation, 'original') AS relation,
           coalesce(parents.base_model_count, 0) AS base_model_count,
           coalesce(nullif(lower(trim(i.library)), ''), 'unknown') AS plain_library,
           own.parameters AS own_parameters, own.parameters_source AS own_source, own.named,
           i.storage_bytes / getvariable('least_bytes') AS most_parameters,
           CASE WHEN (base.parameters > most_parameters) IS NOT TRUE THEN base.parameters END AS its_base,
           coalesce(own.parameters < getvariable('fixture_below'), false)
               OR regexp_matches(i.id, getvariable('fixture_names'), 'i') AS is_fixture,
           CASE WHEN (parents.relation = 'adapter' OR plain_library = 'peft' OR list_contains(i.tags, 'lora'))
                     AND NOT coalesce(i.storage_bytes >= getvariable('whole_bytes') * named, false) THEN 'unknown'
                WHEN CASE parents.relation
                         WHEN 'quantized' THEN named IS NULL OR named BETWEEN its_base // 2 AND 2 * its_base
                         WHEN 'adapter' THEN false
                         ELSE named BETWEEN 2 * its_base // 3 AND 4 * its_base // 3
                              OR named IS NULL AND parents.relation <> 'unknown' END AND its_base IS NOT NULL
                THEN 'base'
                WHEN named IS NOT NULL AND (named > most_parameters) IS NOT TRUE THEN 'name' ELSE 'unknown' END
               AS other_source
    FROM sized AS i JOIN own_sizes AS own ON own.n = i.n
    LEFT JOIN parents ON parents.n = i.n LEFT JOIN base_sizes AS base ON base.n = i.n),
rows AS (
    SELECT *, coalesce(nullif(lower(trim(pipeline_tag)), ''), 'unknown') AS kind,
           CASE WHEN is_fixture THEN 'fixture' ELSE coalesce(own_source, other_source) END AS parameters_source,
           CASE parameters_source WHEN 'fixture' THEN NULL WHEN 'unknown' THEN NULL WHEN 'base' THEN its_base
                                  WHEN 'name' THEN named ELSE own_parameters END AS parameters,
           -- of a model that says little of its task
           CASE WHEN kind IN ('unknown', 'feature-extraction')
                THEN coalesce(type_in_tags, lower(trim(gguf_architecture))) END AS model_type,
           nullif(trim(substring(list_filter(tags, lambda t: starts_with(t, 'license:') AND t <> 'license:')[1], 9)),
                  '') AS license_tag
    FROM weighed LEFT JOIN types_found USING (n)),
classed AS (
    SELECT *, lower(coalesce(CASE WHEN lower(license_tag) <> 'other' THEN license_tag END, nullif(trim(license), ''),
                             license_tag, 'unknown')) AS plain_license,
           CASE WHEN parameters IS NULL THEN len(getvariable('fine_bounds')) + 1
                ELSE len(list_filter(getvariable('fine_bounds'), lambda b: b <= parameters)) END AS fine_no,
           CASE WHEN parameters IS NULL THEN len(getvariable('coarse_bounds')) + 1
                ELSE len(list_filter(getvariable('coarse_bounds'), lambda b: b <= parameters)) END AS coarse_no,
           CASE WHEN parameters IS NULL THEN len(getvariable('large_bounds')) + 1
                ELSE len(list_filter(getvariable('large_bounds'), lambda b: b <= parameters)) END AS large_no
    FROM rows),
told AS (
    SELECT c.*, coalesce(reviewed.pipeline_tag, types.pipeline_tag, c.kind) AS task_tag,
           CASE WHEN reviewed.pipeline_tag IS NOT NULL THEN 'correction'
                WHEN types.pipeline_tag IS NOT NULL THEN 'model_type'
                WHEN c.kind = 'unknown' THEN 'unknown' ELSE 'pipeline_tag' END AS task_source
    FROM classed AS c
    LEFT JOIN facts('task_corrections') AS reviewed ON reviewed.id = c.id
    LEFT JOIN facts('model_type_tasks') AS types
           ON types.model_type = c.model_type AND (c.kind = 'unknown' OR c.kind = types.replaces))
SELECT i.n, i.id, i.account, a.entity, a.entity_type, a.country, a.continent, a.eu_group,
       i.created_at, i.last_modified, i.downloads_30d, i.downloads_all_time, i.likes, i.trending_score,
       i.kind AS pipeline_tag, k.task, k.pipeline_tag AS task_tag, i.task_source,
       k.modality, k.hub_modality, k.architecture, k.language_applies,
       i.plain_library AS library, i.plain_license AS license,
       CASE WHEN i.plain_license = 'unknown' THEN 'unknown' ELSE coalesce(family.family, 'unlisted') END
           AS license_family,
       i.parameters, i.parameters_source, CASE WHEN x.active < i.parameters THEN x.active END AS active_parameters,
       i.is_fixture,
       getvariable('fine_names')[i.fine_no] AS size_class, getvariable('coarse_names')[i.coarse_no]
           AS size_class_coarse,
       getvariable('large_names')[i.large_no] AS size_class_large,
       i.base_model, i.relation, coalesce(l.language_count, 0) AS language_count,
       coalesce(f.framework_count, 0) AS framework_count, i.base_model_count, coalesce(len(i.tags), 0) AS tag_count,
       a.account_no, a.entity_no, k.kind_no, CAST(i.fine_no AS TINYINT) AS fine_no, CAST(i.coarse_no AS TINYINT)
           AS coarse_no, CAST(i.large_no AS TINYINT) AS large_no
FROM told AS i
JOIN accounts_found AS a ON a.account = i.account
JOIN kinds AS k ON k.pipeline_tag = i.task_tag
LEFT JOIN mixtures AS x ON x.n = i.n
LEFT JOIN facts('licenses') AS family ON family.license = i.plain_license
LEFT JOIN (SELECT n, count(*) AS framework_count FROM frameworks_found GROUP BY n) AS f ON f.n = i.n
LEFT JOIN (SELECT n, count(DISTINCT language) AS language_count FROM languages_found GROUP BY n) AS l ON l.n = i.n
ORDER BY i.n
