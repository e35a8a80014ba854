SELECT universe, period, attribution, maker_type AS entity_type,
       row_number() OVER (PARTITION BY universe, period, attribution ORDER BY sum(downloads) DESC, maker_type) AS rank,
       count(DISTINCT maker) AS entities, count(*) AS models,
       CAST(sum(downloads) AS BIGINT) AS downloads, CAST(sum(likes) AS BIGINT) AS likes,
       share(sum(downloads), any_value(all_downloads)) AS downloads_share
FROM attributed JOIN wholes USING (universe, period)
GROUP BY universe, period, attribution, maker_type
ORDER BY universe, period, attribution, rank;
