WITH months AS (
    SELECT coalesce(strftime(created_at, '%Y-%m'), 'unknown') AS month, count(*) AS new
    FROM models WHERE (SELECT count(created_at) FROM models) > 0 GROUP BY month)
SELECT 'models' AS kind, month, new, CAST(sum(new) OVER (ORDER BY month) AS BIGINT) AS cumulative,
       share(new, sum(new) OVER ()) AS new_share
FROM months
ORDER BY month;
