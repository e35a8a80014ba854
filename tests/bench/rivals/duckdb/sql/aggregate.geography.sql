SELECT universe, period, level, place,
       row_number() OVER (PARTITION BY universe, period, level ORDER BY sum(downloads) DESC, place) AS rank,
       CAST(sum(entities) AS BIGINT) AS entities, CAST(sum(models) AS BIGINT) AS models,
       CAST(sum(downloads) AS BIGINT) AS downloads, share(sum(downloads), any_value(all_downloads)) AS downloads_share
FROM entity_places JOIN wholes USING (universe, period)
GROUP BY universe, period, level, place
ORDER BY universe, period, level, rank
