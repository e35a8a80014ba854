-- What the lake has up to one snapshot: each table of the snapshots (schema kept) with its date. Variable:
-- snapshot_date.
CREATE OR REPLACE TABLE dates AS
SELECT snapshot_date, lag(snapshot_date) OVER (ORDER BY snapshot_date) AS previous_date
FROM (SELECT DISTINCT snapshot_date FROM kept.models) WHERE snapshot_date <= getvariable('snapshot_date');

-- What each snapshot is and how much it has; a counter that it states of no model is null.
CREATE OR REPLACE TABLE extents AS
SELECT listing.*, counts.* EXCLUDE (snapshot_date)
FROM kept.listing AS listing JOIN kept.kind_extents AS counts USING (snapshot_date)
WHERE snapshot_date <= getvariable('snapshot_date');

-- The snapshot beside the one before it. Variables: times, doubling_days, few.
CREATE OR REPLACE TABLE neighbours AS
WITH two AS (
    SELECT now.*, previous_date, CAST(now.snapshot_date - previous_date AS BIGINT) AS days,
           before.source AS previous_source, before.coverage AS previous_coverage, before.rows AS previous_rows,
           before.downloads_all_time AS previous_downloads_all_time,
           before.downloads_30d AS previous_downloads_30d, before.likes AS previous_likes
    FROM (SELECT *, lag(snapshot_date) OVER (PARTITION BY kind ORDER BY snapshot_date) AS previous_date FROM extents) AS now
    LEFT JOIN extents AS before ON before.kind = now.kind AND before.snapshot_date = previous_date
    WHERE now.snapshot_date = getvariable('snapshot_date'))
SELECT *, coalesce(source = previous_source OR coverage = 'census' AND previous_coverage = 'census', false) AS alike,
       previous_date IS NOT NULL
       AND (abs(rows - previous_rows) <= getvariable('few')
            OR rows >= previous_rows / getvariable('times')
               AND rows / previous_rows <= getvariable('times') * pow(2, days // getvariable('doubling_days')))
           AS of_like_size,
       alike AND of_like_size AS comparable
FROM two;

-- The two snapshots that are compared; no row for the first of the lake, nor where the two are too unlike.
CREATE OR REPLACE TABLE pair AS SELECT snapshot_date, previous_date, days FROM neighbours WHERE kind = 'models' AND comparable;

CREATE OR REPLACE TABLE models AS SELECT * FROM kept.models SEMI JOIN dates USING (snapshot_date);
CREATE OR REPLACE TABLE ingest AS SELECT * FROM kept.ingest SEMI JOIN dates USING (snapshot_date);

-- A counter that a snapshot does not have at all is no period of it.
CREATE OR REPLACE TABLE periods AS
SELECT snapshot_date, 'all_time' AS period FROM models GROUP BY snapshot_date HAVING count(downloads_all_time) > 0
UNION ALL SELECT snapshot_date, 'last_30d' FROM models GROUP BY snapshot_date HAVING count(downloads_30d) > 0;

