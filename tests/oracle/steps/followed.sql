-- Every model of the two snapshots once, and what became of it: first who bears the same identity, then who bears the
-- same id among those that are left.
CREATE OR REPLACE TABLE followed AS
WITH stands AS (
    SELECT models.*, ingest.repo_id,
           CASE WHEN downloads_all_time IS NOT NULL THEN
                rank() OVER (PARTITION BY snapshot_date ORDER BY downloads_all_time DESC NULLS LAST)
           END AS rank_all_time,
           CASE WHEN downloads_30d IS NOT NULL THEN
                rank() OVER (PARTITION BY snapshot_date ORDER BY downloads_30d DESC NULLS LAST)
           END AS rank_30d
    FROM models JOIN (SELECT snapshot_date, id, repo_id FROM ingest) AS ingest USING (snapshot_date, id)),
now AS (SELECT stands.* FROM stands JOIN pair USING (snapshot_date)),
before AS (SELECT stands.* FROM stands JOIN pair ON stands.snapshot_date = pair.previous_date),
by_identity AS (
    SELECT now.id, before.id AS former_id, CASE WHEN now.id = before.id THEN 'kept' ELSE 'renamed' END AS status
    FROM now JOIN before USING (repo_id)),
by_id AS (
    SELECT id, id AS former_id,
           CASE WHEN coalesce(now.repo_id <> before.repo_id,
                              date_trunc('second', now.created_at) <> date_trunc('second', before.created_at), false)
                THEN 'recreated' ELSE 'kept' END AS status
    FROM now JOIN before USING (id)
    WHERE id NOT IN (SELECT id FROM by_identity) AND id NOT IN (SELECT former_id FROM by_identity)),
matched AS (SELECT * FROM by_identity UNION ALL SELECT * FROM by_id),
every AS (
    SELECT * FROM matched
    UNION ALL SELECT id, NULL, 'new' FROM now WHERE id NOT IN (SELECT id FROM matched)
    UNION ALL SELECT NULL, id, 'gone' FROM before WHERE id NOT IN (SELECT former_id FROM matched)),
removed AS (SELECT snapshot_date, id FROM ingest WHERE removed)
SELECT coalesce(now.id, before.id) AS id, status, CASE WHEN status = 'renamed' THEN before.id END AS previous_id,
       coalesce(now.entity, before.entity) AS entity,
       coalesce(now.size_class, before.size_class) AS size_class,
       coalesce(now.size_class_coarse, before.size_class_coarse) AS size_class_coarse,
       pair.previous_date, pair.days,
       CASE WHEN status = 'gone' THEN before.created_at ELSE now.created_at END AS created_at,
       status IN ('new', 'recreated') AND coalesce(CAST(now.created_at AS DATE) >= pair.previous_date, false)
           AS made_since,
       status = 'gone' AND before.id IN (SELECT id FROM removed WHERE snapshot_date = pair.snapshot_date)
           OR status = 'new' AND now.id IN (SELECT id FROM removed WHERE snapshot_date = pair.previous_date)
           AS tombstone,
       status IN ('kept', 'renamed') AS gains,
       now.downloads_all_time, before.downloads_all_time AS previous_downloads_all_time,
       CASE WHEN gains THEN now.downloads_all_time - before.downloads_all_time END AS downloads_all_time_gained,
       now.rank_all_time, before.rank_all_time AS previous_rank_all_time,
       now.downloads_30d, before.downloads_30d AS previous_downloads_30d,
       CASE WHEN gains THEN now.downloads_30d - before.downloads_30d END AS downloads_30d_gained,
       now.rank_30d, before.rank_30d AS previous_rank_30d,
       now.likes, before.likes AS previous_likes, CASE WHEN gains THEN now.likes - before.likes END AS likes_gained
FROM every CROSS JOIN pair LEFT JOIN now ON now.id = every.id LEFT JOIN before ON before.id = every.former_id;
