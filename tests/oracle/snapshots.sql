SELECT 'models' AS kind, rows, previous_date, days, previous_rows,
       CASE WHEN comparable THEN previous_date END AS comparable_predecessor
FROM neighbours;
