SELECT universe, period, task, modality,
       row_number() OVER (PARTITION BY universe, period ORDER BY sum(downloads) DESC, task) AS rank,
       CAST(sum(models) AS BIGINT) AS models, CAST(sum(downloads) AS BIGINT) AS downloads,
       share(sum(downloads), any_value(all_downloads)) AS downloads_share
FROM cells_by_place JOIN wholes USING (universe, period)
GROUP BY universe, period, task, modality
ORDER BY universe, period, rank
