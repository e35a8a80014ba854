WITH sums AS (
    SELECT universe, period, relation, entity_type, count(*) AS models, CAST(sum(downloads) AS BIGINT) AS downloads
    FROM counted WHERE EXISTS (FROM model_parents)
    GROUP BY universe, period, relation, entity_type)
SELECT universe, period, relation, entity_type,
       row_number() OVER (PARTITION BY universe, period ORDER BY downloads DESC, relation, entity_type) AS rank,
       models, downloads, share(downloads, all_downloads) AS downloads_share,
       share(models, all_models) AS models_share,
       share(downloads, sum(downloads) OVER (PARTITION BY universe, period, relation)) AS share_of_relation,
       share(downloads, sum(downloads) OVER (PARTITION BY universe, period, entity_type)) AS share_of_entity_type
FROM sums JOIN wholes USING (universe, period)
ORDER BY universe, period, rank;
