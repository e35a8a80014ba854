SELECT universe, period, task, CAST(sum(models) AS BIGINT) AS part_models, CAST(sum(downloads) AS BIGINT)
    AS part_downloads
FROM cells_by_place GROUP BY universe, period, task
