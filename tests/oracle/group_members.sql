WITH sums AS (
    SELECT universe, period, entity, any_value(entity_type) AS entity_type, any_value(country) AS country,
           count(DISTINCT account) AS accounts, count(*) AS models, CAST(sum(likes) AS BIGINT) AS likes,
           CAST(sum(downloads) AS BIGINT) AS downloads
    FROM counted GROUP BY universe, period, entity),
places AS (
    SELECT period, entity, row_number() OVER (PARTITION BY period ORDER BY downloads DESC, entity) AS entity_rank
    FROM sums WHERE universe = 'all'),
listed AS (
    SELECT universe, period, all_downloads, group_name, entity FROM facts('groups') CROSS JOIN wholes
    WHERE universe = 'all' OR (universe, period, entity) IN (SELECT universe, period, entity FROM sums)),
numbers AS (
    SELECT listed.*, coalesce(models, 0) AS models, coalesce(accounts, 0) AS accounts,
           known(coalesce(models, 0), likes) AS likes, known(coalesce(models, 0), downloads) AS downloads,
           coalesce(sums.entity_type, e.entity_type, 'unlisted') AS entity_type,
           coalesce(sums.country, e.country, CASE WHEN e.entity IS NULL THEN 'unlisted' ELSE 'unknown' END) AS country
    FROM listed LEFT JOIN sums USING (universe, period, entity) LEFT JOIN entities_of_the_day AS e USING (entity))
SELECT universe, period, group_name,
       row_number() OVER (PARTITION BY universe, period, group_name ORDER BY downloads DESC, entity) AS rank,
       entity, entity_type, country, entity_rank, accounts, models, likes, downloads,
       share(downloads, all_downloads) AS downloads_share,
       share(downloads, sum(downloads) OVER (PARTITION BY universe, period, group_name)) AS share_of_group
FROM numbers LEFT JOIN places USING (period, entity)
ORDER BY universe, period, group_name, rank;
