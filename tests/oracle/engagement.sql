WITH before AS (   -- when the repository that bore the id before was made, as far as it was said
    SELECT *, lag(created_at IGNORE NULLS) OVER (PARTITION BY id ORDER BY snapshot_date) AS born_before FROM models),
numbered AS (
    SELECT *, count(*) FILTER (date_trunc('second', created_at) <> date_trunc('second', born_before)) OVER (
               PARTITION BY id ORDER BY snapshot_date) AS life
    FROM before),
latest AS (
    SELECT id, life, entity, created_at FROM numbered
    QUALIFY row_number() OVER (PARTITION BY id ORDER BY snapshot_date DESC) = 1),
counted AS (SELECT id, life, snapshot_date, size_class, downloads_30d AS downloads FROM numbered WHERE downloads_30d IS NOT NULL),
series AS (
    SELECT counted.*, min(snapshot_date) FILTER (downloads > 0) OVER one AS first_date, max(downloads) OVER one AS peak,
           lag(snapshot_date) OVER (PARTITION BY id, life ORDER BY snapshot_date) AS date_before
    FROM counted JOIN latest USING (id, life)
    WINDOW one AS (PARTITION BY id, life)
    QUALIFY snapshot_date >= first_date),
peaks AS (
    SELECT *, min(snapshot_date) FILTER (downloads = peak) OVER one AS peak_date,
           max(snapshot_date) FILTER (2 * downloads > peak) OVER one AS last_above
    FROM series WINDOW one AS (PARTITION BY id)),
sums AS (
    SELECT id, first_date, max(snapshot_date) AS last_date, count(*) AS snapshots,
           arg_max(size_class, snapshot_date) AS size_class, arg_max(downloads, snapshot_date) AS downloads, peak, peak_date,
           min(snapshot_date) FILTER (snapshot_date > last_above) AS half_date,
           arg_min(date_before, snapshot_date) FILTER (snapshot_date > last_above) AS before_half
    FROM peaks GROUP BY id, first_date, peak, peak_date)
SELECT id, entity, created_at, size_class, first_date, last_date, snapshots,
       CAST(last_date - first_date AS BIGINT) + 1 - snapshots AS gap_days, downloads, peak, peak_date,
       CAST(peak_date - CAST(created_at AS DATE) AS BIGINT) AS days_to_peak,
       peak_date = first_date AND coalesce(CAST(created_at AS DATE) < first_date, true) AS peak_may_be_earlier,
       half_date, CAST(half_date - peak_date AS BIGINT) AS days_to_half,
       CAST(half_date - before_half AS BIGINT) - 1 AS half_gap_days, half_date IS NULL AS unfinished,
       CAST(downloads AS DOUBLE) / peak AS share_of_peak
FROM sums JOIN latest USING (id)
ORDER BY id;
