-- Each model as the breakdowns count it: narrow, under numbers.
SELECT m.n, m.account_no, m.entity_no, m.kind_no, m.fine_no, m.coarse_no, m.large_no, e.in_all_time, e.in_last_30d,
       coalesce(m.downloads_all_time, 0) AS all_time, coalesce(m.downloads_30d, 0) AS last_30d,
       coalesce(m.likes, 0) AS likes, m.language_applies, m.language_count > 0 AS states_language,
       m.framework_count > 0 AS states_framework, m.library, m.license, m.license_family, m.parameters, m.active_parameters,
       m.parameters_source = 'name' AS by_name,
       CAST(year(m.created_at) AS SMALLINT) AS year
FROM model_rows AS m JOIN (SELECT entity_no, in_all_time, in_last_30d FROM entity_sums) AS e USING (entity_no)
