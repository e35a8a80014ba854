SELECT universe, period, entity_type,
       row_number() OVER (PARTITION BY universe, period ORDER BY sum(downloads) DESC, entity_type) AS rank,
       count(DISTINCT entity) AS entities, count(*) AS models,
       CAST(sum(downloads) AS BIGINT) AS downloads, CAST(sum(likes) AS BIGINT) AS likes,
       share(sum(downloads), any_value(all_downloads)) AS downloads_share
FROM counted JOIN wholes USING (universe, period)
GROUP BY universe, period, entity_type
ORDER BY universe, period, rank;
