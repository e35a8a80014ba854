WITH stated AS (
    SELECT coalesce(strftime(created_at, '%Y'), 'unknown') AS year, * FROM datasets
    UNION ALL SELECT 'all', * FROM datasets),
years AS (
    SELECT year, count(*) AS year_datasets, count(*) FILTER (len(task_categories) > 0) AS year_stating
    FROM stated GROUP BY year),
each AS (
    SELECT year, unnest(CASE WHEN len(task_categories) = 0 THEN ['unknown'] ELSE task_categories END) AS task_category,
           downloads_all_time, downloads_30d, likes
    FROM stated)
SELECT year, task_category,
       row_number() OVER (PARTITION BY year
                          ORDER BY CASE WHEN task_category = 'unknown' THEN 1 ELSE 0 END, count(*) DESC, task_category) AS rank,
       count(*) AS datasets, any_value(year_datasets) AS year_datasets, any_value(year_stating) AS year_stating,
       share(count(*), any_value(year_datasets)) AS datasets_share,
       CASE WHEN task_category <> 'unknown' THEN share(count(*), any_value(year_stating)) END AS share_of_stating,
       CAST(sum(downloads_all_time) AS BIGINT) AS downloads_all_time, CAST(sum(downloads_30d) AS BIGINT) AS downloads_last_30d,
       CAST(sum(likes) AS BIGINT) AS likes
FROM each JOIN years USING (year)
GROUP BY year, task_category
ORDER BY year, rank;
