SELECT universe, period, entity_type,
       row_number() OVER (PARTITION BY universe, period ORDER BY sum(downloads) DESC, entity_type) AS rank,
       CAST(sum(entities) AS BIGINT) AS entities, CAST(sum(models) AS BIGINT) AS models,
       CAST(sum(downloads) AS BIGINT) AS downloads, CAST(sum(likes) AS BIGINT) AS likes,
       share(sum(downloads), any_value(all_downloads)) AS downloads_share
FROM entity_places JOIN wholes USING (universe, period) WHERE level = 'country'
GROUP BY universe, period, entity_type
ORDER BY universe, period, rank
