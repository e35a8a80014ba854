WITH sums AS (
    SELECT universe, period, task_tag, any_value(task) AS task, count(*) AS models, CAST(sum(downloads) AS BIGINT) AS downloads,
           quantile_cont(downloads, 0.5) AS median_downloads,
           count(downloads) AS counted, count(likes) AS liked,
           CAST(sum(likes) AS BIGINT) AS likes, quantile_cont(likes, 0.5) AS median_likes,
           count(parameters) AS known_models, avg(parameters) AS mean_parameters,
           quantile_cont(parameters, 0.5) AS median_parameters
    FROM counted GROUP BY universe, period, task_tag),
-- Without likes of any model there is no place by them.
known AS (SELECT count(likes) > 0 AS likes_known FROM models)
SELECT universe, period, row_number() OVER (PARTITION BY universe, period ORDER BY task_tag = 'unknown', downloads DESC, task_tag) AS rank,
       task_tag, task, models, downloads, share(downloads, all_downloads) AS downloads_share,
       models - counted AS uncounted_models,
       share(downloads, counted) AS mean_downloads, CAST(median_downloads AS DOUBLE) AS median_downloads,
       likes, share(likes, liked) AS mean_likes, CAST(median_likes AS DOUBLE) AS median_likes,
       known_models, mean_parameters, CAST(median_parameters AS DOUBLE) AS median_parameters,
       row_number() OVER (PARTITION BY universe, period ORDER BY task_tag = 'unknown', models DESC, task_tag) AS rank_by_models,
       CASE WHEN likes_known THEN row_number() OVER (PARTITION BY universe, period ORDER BY task_tag = 'unknown', likes DESC, task_tag) END
           AS rank_by_likes
FROM sums JOIN wholes USING (universe, period) CROSS JOIN known
ORDER BY universe, period, rank;
