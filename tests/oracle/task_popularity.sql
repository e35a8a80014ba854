WITH sums AS (
    SELECT universe, period, task, count(*) AS models, CAST(sum(downloads) AS BIGINT) AS downloads,
           quantile_cont(downloads, 0.5) AS median_downloads,
           CAST(sum(likes) AS BIGINT) AS likes, quantile_cont(likes, 0.5) AS median_likes,
           count(parameters) AS known_models, avg(parameters) AS mean_parameters,
           quantile_cont(parameters, 0.5) AS median_parameters
    FROM counted GROUP BY universe, period, task),
-- Likes that no model of the snapshot has are unknown, not none.
known AS (SELECT count(likes) > 0 AS likes_known FROM models)
SELECT universe, period, row_number() OVER (PARTITION BY universe, period ORDER BY downloads DESC, task) AS rank,
       task, models, downloads, share(downloads, all_downloads) AS downloads_share,
       downloads / models AS mean_downloads, CAST(median_downloads AS DOUBLE) AS median_downloads,
       CASE WHEN likes_known THEN likes END AS likes,
       CASE WHEN likes_known THEN likes / models END AS mean_likes,
       CASE WHEN likes_known THEN CAST(median_likes AS DOUBLE) END AS median_likes,
       known_models, mean_parameters, CAST(median_parameters AS DOUBLE) AS median_parameters,
       row_number() OVER (PARTITION BY universe, period ORDER BY models DESC, task) AS rank_by_models,
       CASE WHEN likes_known THEN row_number() OVER (PARTITION BY universe, period ORDER BY likes DESC, task) END
           AS rank_by_likes
FROM sums JOIN wholes USING (universe, period) CROSS JOIN known
ORDER BY universe, period, rank;
