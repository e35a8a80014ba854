WITH places AS (
    SELECT 'country' AS level, country AS place, * FROM counted
    UNION ALL SELECT 'continent', continent, * FROM counted
    UNION ALL SELECT 'eu', eu_group, * FROM counted),
sums AS (
    SELECT universe, period, level, place, count(DISTINCT entity) AS entities, count(*) AS models,
           CAST(sum(downloads) AS BIGINT) AS downloads
    FROM places GROUP BY universe, period, level, place)
SELECT universe, period, level, place,
       row_number() OVER (PARTITION BY universe, period, level ORDER BY downloads DESC, place) AS rank,
       entities, models, downloads, share(downloads, all_downloads) AS downloads_share
FROM sums JOIN wholes USING (universe, period)
ORDER BY universe, period, level, rank;
