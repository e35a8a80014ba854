WITH sums AS (
    SELECT universe, period, scheme, position, level, place, CAST(sum(models) AS BIGINT) AS models,
           CAST(sum(downloads) AS BIGINT) AS downloads
    FROM (SELECT 'country' AS level, country AS place, * FROM classed_places
          UNION ALL SELECT 'continent', continent, * FROM classed_places
          UNION ALL SELECT 'eu', eu_group, * FROM classed_places)
    GROUP BY universe, period, scheme, position, level, place)
SELECT universe, period, scheme, position, size_class, level,
       row_number() OVER (PARTITION BY universe, period, scheme, position, level ORDER BY downloads DESC, place)
           AS rank,
       place, models, downloads, share(downloads, all_downloads) AS downloads_share,
       share(downloads, part_downloads) AS share_of_class,
       share(downloads, sum(downloads) OVER (PARTITION BY universe, period, scheme, level, place)) AS share_of_place
FROM sums JOIN wholes USING (universe, period) JOIN class_wholes USING (universe, period, scheme, position)
ORDER BY universe, period, scheme, position, level, rank
