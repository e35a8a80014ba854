-- How many models have how many downloads: enough for medians and for what the first 1,000 have.
WITH counts AS (
    SELECT 'all_time' AS period, all_time AS downloads, in_all_time AS in_top50, count(*) AS models FROM counted
    GROUP BY all_time, in_all_time
    UNION ALL
    SELECT 'last_30d', last_30d, in_last_30d, count(*) FROM counted GROUP BY last_30d, in_last_30d)
SELECT universe, period, downloads, CAST(sum(models) AS BIGINT) AS models
FROM counts JOIN universes USING (period) WHERE universe = 'all' OR in_top50
GROUP BY universe, period, downloads
