WITH sized AS (
    SELECT 'all' AS size_class, * EXCLUDE (size_class) FROM counted
    UNION ALL SELECT '≥1B', * EXCLUDE (size_class) FROM counted WHERE parameters >= 1_000_000_000),
sums AS (
    SELECT universe, period, size_class, relation, entity_type, count(*) AS models,
           CAST(sum(downloads) AS BIGINT) AS downloads
    FROM sized WHERE EXISTS (FROM model_parents)
    GROUP BY universe, period, size_class, relation, entity_type)
SELECT universe, period, size_class, relation, entity_type,
       row_number() OVER (PARTITION BY universe, period, size_class ORDER BY downloads DESC, relation, entity_type) AS rank,
       models, downloads, share(downloads, all_downloads) AS downloads_share,
       share(models, all_models) AS models_share,
       share(downloads, sum(downloads) OVER (PARTITION BY universe, period, size_class)) AS share_of_size_class,
       share(downloads, sum(downloads) OVER (PARTITION BY universe, period, size_class, relation)) AS share_of_relation,
       share(downloads, sum(downloads) OVER (PARTITION BY universe, period, size_class, entity_type))
           AS share_of_entity_type
FROM sums JOIN wholes USING (universe, period)
ORDER BY universe, period, size_class, rank;
