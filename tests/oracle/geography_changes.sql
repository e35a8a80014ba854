WITH now AS (SELECT geography.* FROM geography JOIN pair USING (snapshot_date)),
before AS (SELECT geography.* FROM geography JOIN pair ON geography.snapshot_date = pair.previous_date),
both_have AS (SELECT universe, period FROM now INTERSECT SELECT universe, period FROM before)
SELECT universe, period, level, place,
       -- who is gone comes after those that are there
       row_number() OVER (PARTITION BY universe, period, level
                          ORDER BY now.rank IS NULL, coalesce(now.downloads, 0) DESC, place) AS rank,
       pair.previous_date, pair.days, before.rank AS previous_rank,
       coalesce(now.models, 0) AS models, coalesce(now.models, 0) - coalesce(before.models, 0) AS models_gained,
       coalesce(now.downloads, 0) AS downloads,
       coalesce(now.downloads, 0) - coalesce(before.downloads, 0) AS downloads_gained,
       CASE WHEN now.rank IS NULL THEN 0.0::DOUBLE ELSE now.downloads_share END AS downloads_share,
       CASE WHEN now.rank IS NULL THEN 0.0::DOUBLE ELSE now.downloads_share END
           - CASE WHEN before.rank IS NULL THEN 0.0::DOUBLE ELSE before.downloads_share END AS share_gained
FROM now FULL JOIN before USING (universe, period, level, place) JOIN both_have USING (universe, period) CROSS JOIN pair
ORDER BY universe, period, level, rank;
