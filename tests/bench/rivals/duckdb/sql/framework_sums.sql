-- A model under each of its frameworks.
WITH found AS (
    SELECT framework, kind_no, in_all_time, in_last_30d, all_time, last_30d
    FROM frameworks_found JOIN counted USING (n)
    UNION ALL
    SELECT 'unknown', kind_no, in_all_time, in_last_30d, all_time, last_30d FROM counted WHERE NOT states_framework)
SELECT framework, task, in_all_time, in_last_30d, count(*) AS models, CAST(sum(all_time) AS BIGINT) AS all_time,
       CAST(sum(last_30d) AS BIGINT) AS last_30d
FROM found JOIN kinds USING (kind_no) GROUP BY framework, task, in_all_time, in_last_30d
