WITH sums AS (
    SELECT universe, period, scheme, position, entity_type, CAST(sum(models) AS BIGINT) AS models,
           CAST(sum(downloads) AS BIGINT) AS downloads
    FROM classed_places GROUP BY universe, period, scheme, position, entity_type)
SELECT universe, period, scheme, position, size_class,
       row_number() OVER (PARTITION BY universe, period, scheme, position ORDER BY downloads DESC, entity_type)
           AS rank, entity_type,
       models, downloads, share(downloads, all_downloads) AS downloads_share,
       share(downloads, part_downloads) AS share_of_class,
       share(downloads, sum(downloads) OVER (PARTITION BY universe, period, scheme, entity_type))
           AS share_of_entity_type
FROM sums JOIN wholes USING (universe, period) JOIN class_wholes USING (universe, period, scheme, position)
ORDER BY universe, period, scheme, position, rank
