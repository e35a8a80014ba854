WITH sums AS (
    SELECT universe, period, account, entity, entity_type, country, count(*) AS models,
           CAST(sum(downloads) AS BIGINT) AS downloads, CAST(sum(likes) AS BIGINT) AS likes
    FROM counted GROUP BY universe, period, account, entity, entity_type, country)
SELECT universe, period, row_number() OVER (PARTITION BY universe, period ORDER BY downloads DESC, account) AS rank,
       account, entity, entity_type, country, models, downloads, likes,
       share(downloads, all_downloads) AS downloads_share,
       share(downloads, sum(downloads) OVER (PARTITION BY universe, period, entity)) AS share_of_entity
FROM sums JOIN wholes USING (universe, period)
ORDER BY universe, period, rank;
