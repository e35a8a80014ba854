SELECT universe, period, part AS task, other_part AS framework, rank, cells.models, cells.downloads, downloads_share,
       share_of_part AS share_of_task, share_of_other AS share_of_framework,
       sums.models AS task_models, sums.downloads AS task_downloads
FROM split(['task'], ['framework']) AS cells
JOIN part_sums AS sums USING (universe, period, dimension, part)
WHERE EXISTS (FROM model_frameworks)
ORDER BY universe, period, task, rank;
