WITH sums AS (
    SELECT universe, period, entity, any_value(entity_type) AS entity_type, any_value(country) AS country,
           count(DISTINCT account) AS accounts, count(*) AS models, CAST(sum(downloads) AS BIGINT) AS downloads,
           CAST(min(created_at) AS DATE) AS first_created, CAST(max(created_at) AS DATE) AS last_created
    FROM counted GROUP BY universe, period, entity),
best AS (
    SELECT universe, period, entity, CASE WHEN downloads IS NOT NULL THEN id END AS top_model,
           downloads AS top_model_downloads
    FROM counted
    QUALIFY row_number() OVER (PARTITION BY universe, period, entity ORDER BY downloads DESC, id) = 1),
cells AS (
    SELECT universe, period, part AS entity, other, other_part, downloads,
           row_number() OVER (PARTITION BY universe, period, part, other
                              ORDER BY downloads DESC, models DESC, other_part) AS place
    FROM split(['entity'], ['modality', 'task', 'fine'])),
leads AS (
    SELECT universe, period, entity,
           max(other_part) FILTER (other = 'modality' AND place = 1) AS modality,
           max(downloads) FILTER (other = 'modality') AS of_modality,
           max(other_part) FILTER (other = 'task' AND place = 1) AS task,
           max(downloads) FILTER (other = 'task') AS of_task,
           max(other_part) FILTER (other = 'fine' AND place = 1) AS size_class,
           max(downloads) FILTER (other = 'fine') AS of_class
    FROM cells GROUP BY universe, period, entity),
broad AS (
    SELECT universe, period, entity, count(*) AS modalities
    FROM cells JOIN sums USING (universe, period, entity)
    WHERE other = 'modality' AND other_part <> 'unknown' AND cells.downloads * 20 > sums.downloads
    GROUP BY universe, period, entity)
SELECT universe, period, row_number() OVER (PARTITION BY universe, period ORDER BY downloads DESC, entity) AS rank,
       entity, entity_type, country, accounts, models, downloads,
       share(downloads, all_downloads) AS downloads_share,
       top_model, top_model_downloads, share(top_model_downloads, downloads) AS top_model_share,
       modality, share(of_modality, downloads) AS modality_share,
       CASE WHEN downloads IS NOT NULL THEN coalesce(modalities, 0) END AS modalities_above_5_percent,
       task, share(of_task, downloads) AS task_share, size_class, share(of_class, downloads) AS size_class_share,
       first_created, last_created, last_created > getvariable('snapshot_date') - 365 AS active_within_365_days
FROM sums JOIN wholes USING (universe, period) JOIN best USING (universe, period, entity)
JOIN leads USING (universe, period, entity) LEFT JOIN broad USING (universe, period, entity)
ORDER BY universe, period, rank;
