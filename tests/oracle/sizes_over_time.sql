WITH made AS (
    SELECT *, unnest([coalesce(strftime(created_at, '%Y'), 'unknown'), 'all']) AS year,
           CASE WHEN parameters IS NOT NULL THEN downloads END AS of_known
    FROM counted WHERE (SELECT count(parameters) FROM models) > 0),
reached AS (   -- the downloads of all models of the year that are no larger
    SELECT universe, period, year, parameters,
           sum(of_known) OVER (PARTITION BY universe, period, year ORDER BY parameters) AS so_far,
           sum(of_known) OVER (PARTITION BY universe, period, year) AS total
    FROM made WHERE parameters IS NOT NULL),
halves AS (
    SELECT universe, period, year, min(parameters) AS weighted_median_parameters
    FROM reached WHERE total > 0 AND 2 * so_far >= total GROUP BY universe, period, year),
sums AS (
    SELECT universe, period, year, count(*) AS models, CAST(sum(downloads) AS BIGINT) AS downloads,
           count(parameters) AS known_models, known(known_models, sum(of_known)) AS known_downloads,
           sum(parameters) AS parameters, CAST(quantile_cont(parameters, 0.5) AS DOUBLE) AS median_parameters,
           sum(CAST(parameters AS HUGEINT) * of_known) AS weighted_parameters
    FROM made GROUP BY universe, period, year)
SELECT universe, period, year, models, downloads, share(downloads, all_downloads) AS downloads_share,
       known_models, known_downloads, share(parameters, known_models) AS mean_parameters, median_parameters,
       share(weighted_parameters, known_downloads) AS weighted_mean_parameters, weighted_median_parameters
FROM sums JOIN wholes USING (universe, period) LEFT JOIN halves USING (universe, period, year)
ORDER BY universe, period, year;
