WITH texts AS (   -- every value as text: blank text and the empty list are missing, as null is
    UNPIVOT (SELECT CASE WHEN trim(CAST(COLUMNS(*) AS VARCHAR)) IN ('', '[]') THEN 0
                         WHEN COLUMNS(*) IS NULL THEN 0 ELSE 1 END FROM ingest)
    ON COLUMNS(*) INTO NAME column_name VALUE present),
counts AS (SELECT column_name, count(*) AS rows, count(*) FILTER (present = 0) AS missing FROM texts GROUP BY column_name)
SELECT row_number() OVER (ORDER BY missing DESC, column_name) AS rank, column_name, rows, missing,
       share(missing, rows) AS missing_share
FROM counts ORDER BY rank;
