WITH found AS MATERIALIZED (
    SELECT r.rowid AS place, r.*, e.* EXCLUDE (entity_no), l.* EXCLUDE (entity_no), period = 'all_time' AS ever,
           CASE WHEN ever THEN top_all_time ELSE top_last_30d END AS top,
           CASE WHEN ever THEN modality_all_time ELSE modality_last_30d END AS first_modality,
           CASE WHEN ever THEN task_all_time ELSE task_last_30d END AS first_task,
           CASE WHEN ever THEN fine_all_time ELSE fine_last_30d END AS first_class
    FROM entities_ranked AS r
    JOIN (SELECT entity_no, first_created, last_created, top_all_time, top_last_30d FROM entity_sums)
        AS e USING (entity_no)
    JOIN entity_leads AS l USING (entity_no))
SELECT f.universe, f.period, place - before + 1 AS rank, entity, entity_type, country, accounts, models, downloads,
       share(downloads, all_downloads) AS downloads_share,
       m.id AS top_model, CAST(top >> 32 AS BIGINT) AS top_model_downloads,
       share(top >> 32, downloads) AS top_model_share,
       modality.part AS modality, share(first_modality >> 56, downloads) AS modality_share,
       CASE WHEN ever THEN broad_all_time ELSE broad_last_30d END AS modalities_above_5_percent,
       task.part AS task, share(first_task >> 56, downloads) AS task_share,
       fine.part AS size_class, share(first_class >> 56, downloads) AS size_class_share,
       first_created, last_created, last_created > getvariable('snapshot_date') - 365 AS active_within_365_days
FROM found AS f JOIN (SELECT n, id FROM model_rows) AS m ON m.n = CAST(4294967295 - (top & 4294967295) AS BIGINT)
JOIN part_names AS modality ON modality.part_no = CAST(65535 - (first_modality & 65535) AS BIGINT)
JOIN part_names AS task ON task.part_no = CAST(65535 - (first_task & 65535) AS BIGINT)
JOIN part_names AS fine ON fine.part_no = CAST(65535 - (first_class & 65535) AS BIGINT)
ORDER BY place
