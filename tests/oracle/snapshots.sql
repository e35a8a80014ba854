WITH stated AS (   -- the columns that a snapshot has of some row
    SELECT snapshot_date, column_name FROM kept.missing_values WHERE missing < rows),
lost AS (
    SELECT list(column_name ORDER BY column_name) AS columns
    FROM stated JOIN neighbours ON kind = 'models' AND previous_date = stated.snapshot_date
    WHERE column_name NOT IN (SELECT s.column_name FROM stated AS s JOIN neighbours USING (snapshot_date)))
SELECT kind, source, coverage, part, counters_date, rows, downloads_all_time, downloads_30d, likes,
       previous_date, days, previous_source, previous_rows, previous_downloads_all_time, previous_downloads_30d,
       previous_likes, CASE WHEN previous_date IS NOT NULL AND kind = 'models' THEN coalesce(lost.columns, []) END AS lost_columns,
       CASE WHEN comparable THEN previous_date END AS comparable_predecessor,
       CASE WHEN previous_date IS NULL THEN 'there is no snapshot before it'
            WHEN NOT alike
            THEN format('it is a {} from {} and the one before it, of {}, a {} from {}', coverage, source, previous_date,
                        previous_coverage, previous_source)
            WHEN NOT of_like_size
            THEN format('it has {} {} and the one before it, of {}, {}', rows, kind, previous_date, previous_rows) END
           AS not_comparable_because
FROM neighbours CROSS JOIN lost
ORDER BY kind;
