-- What a share of the universe is a share of.
SELECT universe, period, CAST(sum(models) AS BIGINT) AS all_models, CAST(sum(downloads) AS BIGINT) AS all_downloads
FROM cells_by_place GROUP BY universe, period
