SELECT CAST(asked AS BIGINT) AS window_days, previous_date, days, now.models, previous_models,
       CASE WHEN in_proportion THEN previous_date END AS comparable_predecessor,
       CASE WHEN previous_date IS NULL
            THEN format('no comparable snapshot is {} to {} days older', CAST(ceil(asked / 2) AS INT), asked * 2)
            WHEN NOT in_proportion
            THEN format('it has {} models and that of {} {}', now.models, previous_date, previous_models) END
           AS not_comparable_because
FROM asked LEFT JOIN (SELECT * EXCLUDE (models) FROM found) AS found USING (how, asked)
CROSS JOIN (SELECT count(*) AS models FROM models WHERE snapshot_date = getvariable('snapshot_date')) AS now
-- of no window there is no table
WHERE how = 'nearest' AND EXISTS (FROM found WHERE how = 'nearest')
ORDER BY window_days;
