SELECT universe, period, modality, CAST(sum(downloads) AS BIGINT) AS part_downloads
FROM cells_by_place GROUP BY universe, period, modality
