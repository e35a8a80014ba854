WITH sums AS (
    SELECT universe, period, task, framework, CAST(sum(models) AS BIGINT) AS models,
           CAST(sum(downloads) AS BIGINT) AS downloads
    FROM each_universe('framework_sums') GROUP BY universe, period, task, framework)
SELECT universe, period, task, framework,
       row_number() OVER (PARTITION BY universe, period, task ORDER BY downloads DESC, framework) AS rank,
       models, downloads, share(downloads, all_downloads) AS downloads_share,
       share(downloads, part_downloads) AS share_of_task,
       share(downloads, sum(downloads) OVER (PARTITION BY universe, period, framework)) AS share_of_framework,
       part_models AS task_models, part_downloads AS task_downloads
FROM sums JOIN wholes USING (universe, period) JOIN task_wholes USING (universe, period, task)
WHERE EXISTS (FROM frameworks_found)
ORDER BY universe, period, task, rank
