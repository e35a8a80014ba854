WITH places AS (
    SELECT 'country' AS level, maker_country AS place, * FROM attributed
    UNION ALL SELECT 'continent', maker_continent, * FROM attributed
    UNION ALL SELECT 'eu', maker_eu, * FROM attributed),
sums AS (
    SELECT universe, period, attribution, level, place, count(DISTINCT maker) AS entities,
           CASE WHEN (SELECT count(created_at) FROM models) > 0
                THEN count(DISTINCT account) FILTER (is_recent(created_at)) END AS publishers,
           count(*) AS models, CAST(sum(downloads) AS BIGINT) AS downloads
    FROM places GROUP BY universe, period, attribution, level, place)
SELECT universe, period, attribution, level, place,
       row_number() OVER (PARTITION BY universe, period, attribution, level ORDER BY downloads DESC, place) AS rank,
       entities, publishers, models, downloads, share(downloads, all_downloads) AS downloads_share
FROM sums JOIN wholes USING (universe, period)
ORDER BY universe, period, attribution, level, rank;
