SELECT 'models' AS kind, rows, previous_date, days, previous_rows,
       CASE WHEN comparable THEN previous_date END AS comparable_predecessor,
       CASE WHEN previous_date IS NULL THEN 'there is no snapshot before it'
            WHEN NOT comparable
            THEN format('it has {} models and the one before it, of {}, {}', rows, previous_date, previous_rows) END
           AS not_comparable_because
FROM neighbours;
