WITH counts AS (
    SELECT 'all_time' AS period, downloads_all_time AS downloads, previous_downloads_all_time AS previous_downloads, *
    FROM followed
    UNION ALL SELECT 'last_30d', downloads_30d, previous_downloads_30d, * FROM followed),
compared AS (   -- a period that only one of the two has says nothing of gains
    SELECT counts.* FROM counts JOIN pair USING (previous_date)
    JOIN periods AS now ON now.period = counts.period AND now.snapshot_date = pair.snapshot_date
    JOIN periods AS before ON before.period = counts.period AND before.snapshot_date = pair.previous_date),
sized AS (
    SELECT 'all' AS scheme, * REPLACE ('all' AS size_class) FROM compared
    UNION ALL SELECT 'fine', * FROM compared
    UNION ALL SELECT 'coarse', * REPLACE (size_class_coarse AS size_class) FROM compared),
sums AS (
    SELECT period, scheme, size_class, entity, previous_date, days,
           -- 0 where it has no model on that day; nothing is known where it has some and none is counted
           known(count(*) FILTER (status <> 'gone'), sum(downloads)) AS downloads,
           known(count(*) FILTER (status <> 'new'), sum(previous_downloads)) AS previous_downloads,
           CAST(coalesce(sum(downloads - previous_downloads) FILTER (gains), 0) AS BIGINT) AS of_kept,
           CAST(coalesce(sum(downloads) FILTER (made_since), 0) AS BIGINT) AS of_new,
           CAST(coalesce(sum(downloads) FILTER (status IN ('new', 'recreated') AND NOT made_since
                                                OR gains AND previous_downloads IS NULL), 0) AS BIGINT)
               AS of_others,
           CAST(coalesce(sum(previous_downloads) FILTER (status IN ('gone', 'recreated')
                                                         OR gains AND downloads IS NULL), 0) AS BIGINT) AS lost,
           count(*) FILTER (gains AND downloads <> previous_downloads) AS moved_counters,
           count(*) FILTER (gains AND downloads = previous_downloads) AS still_counters
    FROM sized GROUP BY ALL HAVING sum(downloads) > 0 OR sum(previous_downloads) > 0),
told AS (
    SELECT *, downloads IS NOT NULL AND previous_downloads IS NOT NULL AS both_known,
           CASE WHEN both_known THEN of_kept END AS gained_by_kept, CASE WHEN both_known THEN of_new END AS gained_by_new,
           CASE WHEN downloads IS NOT NULL THEN of_others END AS entered,
           CASE WHEN previous_downloads IS NOT NULL THEN lost END AS lost_with_gone
    FROM sums)
SELECT period, scheme, size_class,
       row_number() OVER (PARTITION BY period, scheme, size_class ORDER BY downloads DESC, entity) AS rank,
       row_number() OVER (PARTITION BY period, scheme, size_class
                          ORDER BY previous_downloads + coalesce(entered, 0) DESC, entity) AS previous_rank,
       entity, previous_date, days, downloads, previous_downloads, gained_by_kept + gained_by_new AS gained,
       gained_by_kept, gained_by_new, entered, lost_with_gone,
       CAST(gained_by_kept + gained_by_new AS DOUBLE) / days AS gained_per_day, moved_counters, still_counters
FROM told
ORDER BY period, scheme, size_class, rank, entity;
