WITH compared AS (   -- what is compared over the minimal distance, under its account and under its entity
    SELECT 'entity' AS unit, entity AS name, * FROM over_windows WHERE how = 'at least'
    UNION ALL SELECT 'account', account, * FROM over_windows WHERE how = 'at least'),
counts AS (
    SELECT 'all_time' AS period, downloads_all_time AS downloads, previous_downloads_all_time AS previous_downloads, *
    FROM compared
    UNION ALL SELECT 'last_30d', downloads_30d, previous_downloads_30d, * FROM compared),
stated AS (   -- a period that only one of the two has says nothing of gains
    SELECT period FROM counts GROUP BY period HAVING count(downloads) > 0 AND count(previous_downloads) > 0),
sized AS (
    SELECT 'all' AS scheme, * REPLACE ('all' AS size_class) FROM counts
    UNION ALL SELECT 'fine', * FROM counts
    UNION ALL SELECT 'coarse', * REPLACE (size_class_coarse AS size_class) FROM counts),
sums AS (
    SELECT period, unit, scheme, size_class, name, previous_date, days,
           -- who it is now; of one whose models are gone, who it was
           coalesce(min(entity) FILTER (is_here), min(entity)) AS entity,
           coalesce(min(entity_type) FILTER (is_here), min(entity_type)) AS entity_type,
           coalesce(min(country) FILTER (is_here), min(country)) AS country,
           -- 0 where it has no model on that day; nothing is known where it has some and none is counted
           known(count(*) FILTER (is_here), sum(downloads)) AS downloads,
           known(count(*) FILTER (was_there), sum(previous_downloads)) AS previous_downloads,
           CAST(coalesce(sum(downloads - previous_downloads) FILTER (same), 0) AS BIGINT) AS of_kept,
           CAST(coalesce(sum(downloads) FILTER (made_since), 0) AS BIGINT) AS of_new,
           CAST(coalesce(sum(downloads) FILTER (is_new AND NOT made_since OR same AND previous_downloads IS NULL), 0) AS BIGINT)
               AS of_others,
           CAST(coalesce(sum(previous_downloads) FILTER (same IS NOT true OR downloads IS NULL), 0) AS BIGINT) AS lost,
           count(*) FILTER (same AND downloads <> previous_downloads) AS moved_counters,
           count(*) FILTER (same AND downloads = previous_downloads) AS still_counters
    FROM sized SEMI JOIN stated USING (period)
    GROUP BY period, unit, scheme, size_class, name, previous_date, days
    HAVING sum(downloads) > 0 OR sum(previous_downloads) > 0),
told AS (
    SELECT *, downloads IS NOT NULL AND previous_downloads IS NOT NULL AS both_known,
           CASE WHEN both_known THEN of_kept END AS gained_by_kept, CASE WHEN both_known THEN of_new END AS gained_by_new,
           CASE WHEN downloads IS NOT NULL THEN of_others END AS entered,
           CASE WHEN previous_downloads IS NOT NULL THEN lost END AS lost_with_gone
    FROM sums)
SELECT period, unit, scheme, size_class,
       row_number() OVER (PARTITION BY period, unit, scheme, size_class ORDER BY downloads DESC, name) AS rank,
       row_number() OVER (PARTITION BY period, unit, scheme, size_class
                          ORDER BY previous_downloads + coalesce(entered, 0) DESC, name) AS previous_rank,
       name, entity, entity_type, country, previous_date, days, downloads, previous_downloads,
       gained_by_kept + gained_by_new AS gained, gained_by_kept, gained_by_new, entered, lost_with_gone,
       CAST(gained_by_kept + gained_by_new AS DOUBLE) / days AS gained_per_day, moved_counters, still_counters
FROM told
ORDER BY period, unit, scheme, size_class, rank, name;
