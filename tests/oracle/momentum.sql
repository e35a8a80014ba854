WITH counts AS (
    SELECT 'all_time' AS period, downloads_all_time IS NOT NULL AS stated,
           previous_downloads_all_time IS NOT NULL AS stated_before, coalesce(downloads_all_time, 0) AS downloads,
           coalesce(previous_downloads_all_time, 0) AS previous_downloads, * FROM followed
    UNION ALL SELECT 'last_30d', downloads_30d IS NOT NULL, previous_downloads_30d IS NOT NULL,
           coalesce(downloads_30d, 0), coalesce(previous_downloads_30d, 0), * FROM followed),
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
           CAST(sum(downloads) AS BIGINT) AS downloads, CAST(sum(previous_downloads) AS BIGINT) AS previous_downloads,
           CAST(coalesce(sum(downloads - previous_downloads) FILTER (gains AND stated AND stated_before), 0) AS BIGINT)
               AS gained_by_kept,
           CAST(coalesce(sum(downloads) FILTER (made_since), 0) AS BIGINT) AS gained_by_new,
           CAST(coalesce(sum(downloads) FILTER (status IN ('new', 'recreated') AND NOT made_since
                                                OR gains AND NOT stated_before), 0) AS BIGINT)
               AS entered,
           CAST(coalesce(sum(previous_downloads) FILTER (status IN ('gone', 'recreated') OR gains AND NOT stated), 0) AS BIGINT)
               AS lost_with_gone
    FROM sized GROUP BY ALL HAVING sum(downloads) > 0 OR sum(previous_downloads) > 0)
SELECT period, scheme, size_class,
       row_number() OVER (PARTITION BY period, scheme, size_class ORDER BY downloads DESC, entity) AS rank,
       row_number() OVER (PARTITION BY period, scheme, size_class ORDER BY previous_downloads DESC, entity)
           AS previous_rank,
       entity, previous_date, days, downloads, previous_downloads, gained_by_kept + gained_by_new AS gained,
       gained_by_kept, gained_by_new, entered, lost_with_gone,
       CAST(gained_by_kept + gained_by_new AS DOUBLE) / days AS gained_per_day
FROM sums
ORDER BY period, scheme, size_class, rank, entity;
