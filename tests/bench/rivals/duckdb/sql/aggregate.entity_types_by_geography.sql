WITH sums AS (
    SELECT universe, period, entity_type, level, place, CAST(sum(entities) AS BIGINT) AS entities,
           CAST(sum(models) AS BIGINT) AS models, CAST(sum(downloads) AS BIGINT) AS downloads
    FROM entity_places GROUP BY universe, period, entity_type, level, place)
SELECT universe, period, entity_type, level, place,
       row_number() OVER (PARTITION BY universe, period, entity_type, level ORDER BY downloads DESC, place) AS rank,
       entities, models, downloads, share(downloads, all_downloads) AS downloads_share,
       share(downloads, sum(downloads) OVER (PARTITION BY universe, period, entity_type, level)) AS share_of_type,
       share(downloads, sum(downloads) OVER (PARTITION BY universe, period, level, place)) AS share_of_place
FROM sums JOIN wholes USING (universe, period)
ORDER BY universe, period, entity_type, level, rank
