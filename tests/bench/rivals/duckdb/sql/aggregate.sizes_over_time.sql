WITH named AS (
    SELECT * EXCLUDE (year), unnest([coalesce(CAST(year AS VARCHAR), 'unknown'), 'all']) AS year
    FROM each_universe('year_sizes') WHERE EXISTS (FROM model_rows WHERE parameters IS NOT NULL)),
steps AS (
    SELECT universe, period, year, parameters, CAST(sum(models) AS BIGINT) AS models,
           CAST(sum(downloads) AS BIGINT) AS downloads
    FROM named GROUP BY universe, period, year, parameters),
reached AS (
    SELECT *, sum(models) OVER up - models AS below, sum(models) OVER whole AS of_known,
           sum(downloads) OVER up AS so_far, sum(downloads) OVER whole AS total
    FROM steps WHERE parameters IS NOT NULL
    WINDOW up AS (PARTITION BY universe, period, year ORDER BY parameters),
           whole AS (PARTITION BY universe, period, year)),
known AS (
    SELECT universe, period, year, CAST(sum(models) AS BIGINT) AS known_models,
           CAST(sum(downloads) AS BIGINT) AS known_downloads,
           sum(CAST(parameters AS HUGEINT) * models) AS parameters,
           sum(CAST(parameters AS HUGEINT) * downloads) AS weighted_parameters,
           -- the two in the middle, or the same one twice
           (max(CAST(parameters AS HUGEINT)) FILTER (below <= (of_known - 1) // 2)
            + max(parameters) FILTER (below <= of_known // 2)) / 2.0 AS median_parameters,
           min(parameters) FILTER (total > 0 AND 2 * so_far >= total) AS weighted_median_parameters
    FROM reached GROUP BY universe, period, year),
sums AS (
    SELECT universe, period, year, CAST(sum(models) AS BIGINT) AS models, CAST(sum(downloads) AS BIGINT) AS downloads
    FROM steps GROUP BY universe, period, year)
SELECT sums.universe, sums.period, sums.year, models, downloads,
       share(downloads, all_downloads) AS downloads_share,
       coalesce(known_models, 0) AS known_models, coalesce(known_downloads, 0) AS known_downloads,
       share(parameters, known_models) AS mean_parameters, CAST(median_parameters AS DOUBLE) AS median_parameters,
       share(weighted_parameters, known_downloads) AS weighted_mean_parameters, weighted_median_parameters
FROM sums JOIN wholes ON (wholes.universe, wholes.period) = (sums.universe, sums.period)
LEFT JOIN known ON known.universe = sums.universe AND known.period = sums.period
               AND known.year = sums.year
ORDER BY sums.universe, sums.period, sums.year
