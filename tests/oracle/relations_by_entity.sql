WITH sums AS (
    SELECT universe, period, relation, entity, any_value(entity_type) AS entity_type, any_value(country) AS country,
           count(*) AS models, CAST(sum(downloads) AS BIGINT) AS downloads
    FROM counted WHERE EXISTS (FROM model_parents)
    GROUP BY universe, period, relation, entity)
SELECT universe, period, relation,
       row_number() OVER (PARTITION BY universe, period, relation ORDER BY downloads DESC, entity) AS rank,
       entity, entity_type, country, models, downloads, share(downloads, all_downloads) AS downloads_share,
       share(downloads, sum(downloads) OVER (PARTITION BY universe, period, relation)) AS share_of_relation,
       share(downloads, sum(downloads) OVER (PARTITION BY universe, period, entity)) AS share_of_entity
FROM sums JOIN wholes USING (universe, period)
ORDER BY universe, period, relation, rank;
