WITH sized AS (
    SELECT 'all' AS size_class, * EXCLUDE (size_class) FROM counted
    UNION ALL SELECT '≥1B', * EXCLUDE (size_class) FROM counted WHERE parameters >= 1_000_000_000),
carried AS (SELECT sized.*, maker FROM sized JOIN origins USING (id) WHERE maker <> entity),
sums AS (
    SELECT universe, period, size_class, maker, relation, count(DISTINCT entity) AS publishers, count(*) AS models,
           CAST(sum(downloads) AS BIGINT) AS downloads,
           known(count(*) FILTER (entity_type = 'individual'), sum(downloads) FILTER (entity_type = 'individual'))
               AS downloads_by_individuals
    FROM carried GROUP BY universe, period, size_class, maker, relation),
totals AS (
    SELECT universe, period, size_class, maker, CAST(sum(downloads) AS BIGINT) AS carried_downloads,
           row_number() OVER (PARTITION BY universe, period, size_class ORDER BY carried_downloads DESC, maker) AS rank
    FROM sums GROUP BY universe, period, size_class, maker),
own AS (
    SELECT universe, period, size_class, entity AS maker, count(*) AS own_models,
           CAST(sum(downloads) AS BIGINT) AS own_downloads
    FROM sized GROUP BY universe, period, size_class, entity)
SELECT universe, period, size_class, rank, maker AS entity, entity_type, country, relation, publishers, models, downloads,
       share(downloads, all_downloads) AS downloads_share, downloads_by_individuals, carried_downloads,
       coalesce(own_models, 0) AS own_models, known(coalesce(own_models, 0), own_downloads) AS own_downloads,
       share(carried_downloads, carried_downloads + known(coalesce(own_models, 0), own_downloads)) AS carried_share
FROM sums JOIN totals USING (universe, period, size_class, maker) JOIN wholes USING (universe, period)
JOIN makers ON makers.entity = maker
LEFT JOIN own USING (universe, period, size_class, maker)
ORDER BY universe, period, size_class, rank, relation;
