SELECT previous_date AS last_before, snapshot_date AS first_after,
       CAST(snapshot_date - previous_date AS BIGINT) - 1 AS missing_days
FROM dates WHERE snapshot_date - previous_date > 1
ORDER BY last_before;
