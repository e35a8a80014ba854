-- Of every column of ingest.models. A null, a blank text and an empty list are missing; zero is a value.
WITH flags AS (
    UNPIVOT (SELECT CASE WHEN COLUMNS(*) IS NULL THEN 1
                         WHEN trim(CAST(COLUMNS(*) AS VARCHAR)) = '' THEN 1
                         WHEN ends_with(typeof(COLUMNS(*)), '[]') AND CAST(COLUMNS(*) AS VARCHAR) = '[]' THEN 1
                         ELSE 0 END FROM ingest)
    ON COLUMNS(*) INTO NAME column_name VALUE is_missing),
counts AS (
    SELECT column_name, count(*) AS rows, CAST(sum(is_missing) AS BIGINT) AS missing FROM flags GROUP BY column_name)
SELECT row_number() OVER (ORDER BY missing DESC, column_name) AS rank, column_name, rows, missing,
       share(missing, rows) AS missing_share
FROM counts ORDER BY rank;
