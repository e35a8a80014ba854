WITH months AS (
    SELECT kind, coalesce(strftime(created_at, '%Y-%m'), 'unknown') AS month, count(*) AS new
    FROM made_of_all_kinds GROUP BY kind, month)
SELECT kind, month, new, CAST(sum(new) OVER (PARTITION BY kind ORDER BY month) AS BIGINT) AS cumulative,
       share(new, sum(new) OVER (PARTITION BY kind)) AS new_share
FROM months
ORDER BY kind, month;
