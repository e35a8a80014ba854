WITH classed AS (
    SELECT *, unnest(['fine', 'coarse', 'large']) AS scheme,
           CAST(unnest([fine_no, coarse_no, large_no]) AS BIGINT) AS position
    FROM each_universe('size_cells')),
sums AS (
    SELECT universe, period, scheme, position, CAST(sum(models) AS BIGINT) AS models,
           CAST(sum(downloads) AS BIGINT) AS downloads, CAST(sum(parameters) AS BIGINT) AS parameters,
           sum(models) FILTER (by_name) AS named_models, sum(downloads) FILTER (by_name) AS named_downloads,
           sum(models) FILTER (mixture) AS mixtures, sum(downloads) FILTER (mixture) AS mixture_downloads,
           sum(parameters) FILTER (mixture) AS mixture_parameters, sum(active_parameters) AS active_parameters
    FROM classed GROUP BY universe, period, scheme, position),
complete AS (
    SELECT w.universe, w.period, all_downloads, c.scheme, c.position, c.size_class,
           coalesce(models, 0) AS models, coalesce(downloads, 0) AS downloads, c.size_class <> 'unknown' AS known,
           CAST(coalesce(named_models, 0) AS BIGINT) AS named_models, coalesce(named_downloads, 0) AS named_downloads,
           CASE WHEN known THEN coalesce(parameters, 0) END AS parameters,
           CAST(coalesce(mixtures, 0) AS BIGINT) AS mixtures,
           CAST(coalesce(mixture_downloads, 0) AS BIGINT) AS mixture_downloads,
           CAST(coalesce(mixture_parameters, 0) AS BIGINT) AS mixture_parameters,
           CAST(coalesce(active_parameters, 0) AS BIGINT) AS active_parameters
    FROM wholes AS w CROSS JOIN size_classes AS c
    LEFT JOIN sums USING (universe, period, scheme, position)),
totals AS (
    SELECT universe, period, scheme, CAST(sum(models) AS BIGINT) AS known_models,
           CAST(sum(downloads) AS BIGINT) AS known_downloads
    FROM complete WHERE known GROUP BY universe, period, scheme)
SELECT universe, period, scheme, position, size_class,
       row_number() OVER (PARTITION BY universe, period, scheme ORDER BY downloads DESC, position) AS rank,
       models, downloads, share(downloads, all_downloads) AS downloads_share,
       CASE WHEN known THEN share(downloads, known_downloads) END AS share_of_known,
       CASE WHEN known THEN share(sum(downloads) OVER (PARTITION BY universe, period, scheme ORDER BY position),
                                  known_downloads) END AS cumulative_share,
       known_models, known_downloads, named_models, share(named_models, models) AS named_models_share,
       share(named_downloads, downloads) AS named_downloads_share,
       parameters, mixtures, mixture_downloads, mixture_parameters, active_parameters
FROM complete JOIN totals USING (universe, period, scheme)
ORDER BY universe, period, scheme, position
