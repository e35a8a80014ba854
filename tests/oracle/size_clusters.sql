-- Where the clusters begin is worked out beside SQL (clusters.py).
WITH known AS (SELECT * FROM models WHERE parameters IS NOT NULL),
firsts AS (SELECT unnest(cluster_starts(list(parameters), getvariable('clusters'))) AS first FROM known),
placed AS (SELECT * FROM known ASOF JOIN firsts ON parameters >= first)
SELECT row_number() OVER (ORDER BY first) AS cluster,
       min(parameters) AS min_parameters, max(parameters) AS max_parameters, count(*) AS models,
       share(count(*), sum(count(*)) OVER ()) AS models_share, avg(likes) AS mean_likes,
       avg(downloads_30d) AS mean_downloads_30d, avg(downloads_all_time) AS mean_downloads_all_time
FROM placed GROUP BY first ORDER BY cluster;
