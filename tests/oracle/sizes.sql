WITH classes AS (
    SELECT scheme, position, size_class FROM size_classes
    UNION ALL SELECT scheme, max(position) + 1, 'unknown' FROM size_classes GROUP BY scheme),
sized AS (
    SELECT universe, period, unnest(['fine', 'coarse', 'large']) AS scheme,
           unnest([size_class, size_class_coarse, size_class_large]) AS size_class, downloads,
           parameters_source = 'name' AS by_name, parameters, active_parameters
    FROM counted),
sums AS (
    SELECT universe, period, scheme, size_class, count(*) AS models, CAST(sum(downloads) AS BIGINT) AS downloads,
           count(*) FILTER (by_name) AS named_models, coalesce(sum(downloads) FILTER (by_name), 0) AS named_downloads,
           CAST(sum(parameters) AS BIGINT) AS parameters,
           count(active_parameters) AS mixtures, sum(downloads) FILTER (active_parameters > 0) AS mixture_downloads,
           CAST(sum(parameters) FILTER (active_parameters > 0) AS BIGINT) AS mixture_parameters,
           CAST(sum(active_parameters) AS BIGINT) AS active_parameters
    FROM sized GROUP BY universe, period, scheme, size_class),
complete AS (
    SELECT w.universe, w.period, all_downloads, c.scheme, c.position, c.size_class,
           coalesce(sums.models, 0) AS models, known(coalesce(sums.models, 0), sums.downloads) AS downloads,
           sums.downloads AS stated, c.size_class <> 'unknown' AS sized,
           coalesce(named_models, 0) AS named_models, coalesce(named_downloads, 0) AS named_downloads,
           parameters, coalesce(mixtures, 0) AS mixtures, mixture_downloads, mixture_parameters, active_parameters
    FROM wholes AS w CROSS JOIN classes AS c
    LEFT JOIN sums USING (universe, period, scheme, size_class)),
totals AS (
    SELECT universe, period, scheme, CAST(sum(models) AS BIGINT) AS known_models,
           known(sum(models), sum(stated)) AS known_downloads
    FROM complete WHERE sized GROUP BY universe, period, scheme)
SELECT universe, period, scheme, position, size_class,
       row_number() OVER (PARTITION BY universe, period, scheme ORDER BY downloads DESC, position) AS rank,
       models, downloads, share(downloads, all_downloads) AS downloads_share,
       CASE WHEN sized THEN share(downloads, known_downloads) END AS share_of_known,
       CASE WHEN sized THEN share(known(sum(models) OVER upwards, sum(stated) OVER upwards), known_downloads) END
           AS cumulative_share,
       known_models, known_downloads, named_models, share(named_models, models) AS named_models_share,
       share(named_downloads, downloads) AS named_downloads_share,
       CASE WHEN sized THEN coalesce(parameters, 0) END AS parameters,
       mixtures, known(mixtures, mixture_downloads) AS mixture_downloads,
       coalesce(mixture_parameters, 0) AS mixture_parameters, coalesce(active_parameters, 0) AS active_parameters
FROM complete JOIN totals USING (universe, period, scheme)
WINDOW upwards AS (PARTITION BY universe, period, scheme ORDER BY position)
ORDER BY universe, period, scheme, position;
