WITH known AS (
    SELECT counted.*, coalesce(family, 'unknown') AS of_family, maker FROM counted LEFT JOIN model_families USING (id)),
sums AS (
    SELECT universe, period, entity, any_value(entity_type) AS entity_type, any_value(country) AS country, of_family,
           coalesce(any_value(maker), 'unknown') AS maker, count(*) AS models, CAST(sum(downloads) AS BIGINT) AS downloads
    FROM known GROUP BY universe, period, entity, of_family)
SELECT universe, period, entity, entity_type, country,
       row_number() OVER (PARTITION BY universe, period, entity ORDER BY downloads DESC, of_family) AS rank,
       of_family AS family, maker, models, downloads, share(downloads, all_downloads) AS downloads_share,
       share(downloads, sum(downloads) OVER (PARTITION BY universe, period, of_family)) AS share_of_family,
       share(downloads, sum(downloads) OVER (PARTITION BY universe, period, entity)) AS share_of_entity
FROM sums JOIN wholes USING (universe, period)
ORDER BY universe, period, entity, rank;
