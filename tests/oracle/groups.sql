WITH listed AS (SELECT group_name, count(*) AS members FROM facts('groups') GROUP BY group_name),
owned_by AS (
    SELECT universe, period, group_name, count(DISTINCT entity) AS entities, count(DISTINCT account) AS accounts,
           count(*) AS models, sum(likes) AS likes, sum(downloads) AS downloads
    FROM counted JOIN facts('groups') USING (entity) GROUP BY universe, period, group_name),
numbers AS (
    SELECT universe, period, group_name, members, coalesce(entities, 0) AS entities, coalesce(accounts, 0) AS accounts,
           coalesce(models, 0) AS models, known(coalesce(models, 0), likes) AS likes,
           known(coalesce(models, 0), downloads) AS downloads, all_models, all_downloads
    FROM wholes CROSS JOIN listed LEFT JOIN owned_by USING (universe, period, group_name))
SELECT universe, period, row_number() OVER (PARTITION BY universe, period ORDER BY downloads DESC, group_name) AS rank,
       group_name, members, entities, accounts, models, likes, downloads,
       share(models, all_models) AS models_share, share(downloads, all_downloads) AS downloads_share
FROM numbers
ORDER BY universe, period, rank;
