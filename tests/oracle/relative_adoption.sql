WITH placed AS (
    SELECT *, row_number() OVER (PARTITION BY universe, period, size_class ORDER BY downloads DESC, id) AS rank
    FROM counted WHERE size_class <> 'unknown'),
classes AS (
    SELECT universe, period, size_class,
           CAST(quantile_cont(downloads, 0.5) FILTER (rank <= 10) AS DOUBLE) AS leaders_median,
           CAST(quantile_cont(downloads, 0.5) AS DOUBLE) AS class_median, count(*) AS class_models,
           count(*) FILTER (downloads IS NULL) AS uncounted_models
    FROM placed GROUP BY universe, period, size_class)
SELECT universe, period, position, size_class, rank, id, entity, country, parameters, downloads,
       share(downloads, leaders_median) AS relative_adoption, leaders_median, class_median, class_models,
       uncounted_models
FROM placed JOIN classes USING (universe, period, size_class)
JOIN (SELECT position, size_class FROM size_classes WHERE scheme = 'fine') USING (size_class)
WHERE downloads > 0
ORDER BY universe, period, position, rank;
