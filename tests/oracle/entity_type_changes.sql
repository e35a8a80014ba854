WITH now AS (SELECT entity_types.* FROM entity_types JOIN pair USING (snapshot_date)),
before AS (SELECT entity_types.* FROM entity_types JOIN pair ON entity_types.snapshot_date = pair.previous_date),
both_have AS (   -- of a whole without downloads there are no shares
    SELECT universe, period, attribution, sum(now.downloads) > 0 AS shared, any_value(shared_before) AS shared_before
    FROM now JOIN (SELECT universe, period, attribution, sum(downloads) > 0 AS shared_before
               FROM before GROUP BY universe, period, attribution)
         USING (universe, period, attribution)
    GROUP BY universe, period, attribution)
SELECT universe, period, attribution, entity_type,
       -- who is gone comes after those that are there
       row_number() OVER (PARTITION BY universe, period, attribution
                          ORDER BY now.rank IS NULL, now.downloads DESC, entity_type) AS rank,
       pair.previous_date, pair.days, before.rank AS previous_rank,
       coalesce(now.models, 0) AS models, coalesce(now.models, 0) - coalesce(before.models, 0) AS models_gained,
       known(coalesce(now.models, 0), now.downloads) AS downloads,
       known(coalesce(now.models, 0), now.downloads) - known(coalesce(before.models, 0), before.downloads)
           AS downloads_gained,
       CASE WHEN now.rank IS NOT NULL THEN now.downloads_share WHEN shared THEN 0.0::DOUBLE END AS downloads_share,
       CASE WHEN now.rank IS NOT NULL THEN now.downloads_share WHEN shared THEN 0.0::DOUBLE END
           - CASE WHEN before.rank IS NOT NULL THEN before.downloads_share WHEN shared_before THEN 0.0::DOUBLE END
           AS share_gained
FROM now FULL JOIN before USING (universe, period, attribution, entity_type)
JOIN both_have USING (universe, period, attribution) CROSS JOIN pair
ORDER BY universe, period, attribution, rank;
