WITH entities AS (
    SELECT universe, period, entity, any_value(entity_type) AS entity_type, any_value(country) AS country,
           count(DISTINCT account) AS accounts, count(*) AS datasets, CAST(sum(likes) AS BIGINT) AS likes,
           CAST(sum(downloads) AS BIGINT) AS downloads
    FROM counted_datasets GROUP BY universe, period, entity),
ranked AS (
    SELECT *, row_number() OVER (PARTITION BY universe, period ORDER BY downloads DESC NULLS LAST, entity) AS rank,
           sum(downloads) OVER (PARTITION BY universe, period) AS whole
    FROM entities)
SELECT universe, period, rank, entity, entity_type, country, accounts, datasets, likes, downloads,
       share(downloads, whole) AS downloads_share,
       share(sum(downloads) OVER (PARTITION BY universe, period ORDER BY rank), whole) AS cumulative_share
FROM ranked
ORDER BY universe, period, rank;
