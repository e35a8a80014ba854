WITH sums AS (
    SELECT universe, period, entity, any_value(entity_type) AS entity_type, any_value(country) AS country,
           count(DISTINCT account) AS accounts, count(*) AS models,
           CAST(sum(downloads) AS BIGINT) AS downloads, CAST(sum(likes) AS BIGINT) AS likes
    FROM counted GROUP BY universe, period, entity),
ranked AS (
    SELECT *, row_number() OVER (PARTITION BY universe, period ORDER BY downloads DESC, entity) AS rank FROM sums)
SELECT universe, period, rank, entity, entity_type, country, accounts, models, downloads, likes,
       share(downloads, all_downloads) AS downloads_share,
       share(sum(downloads) OVER (PARTITION BY universe, period ORDER BY rank), all_downloads) AS cumulative_share
FROM ranked JOIN wholes USING (universe, period)
ORDER BY universe, period, rank;
