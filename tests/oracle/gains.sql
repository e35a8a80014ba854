WITH fifty AS (
    SELECT entity FROM models WHERE snapshot_date = getvariable('snapshot_date')
    GROUP BY entity ORDER BY sum(downloads_all_time) DESC NULLS LAST, entity LIMIT 50),
stated AS (   -- windows of which both days have the counter
    SELECT asked FROM over_windows WHERE how = 'nearest' AND asked IN (7, 30, 90, 365)
    GROUP BY asked HAVING count(downloads_all_time) > 0 AND count(previous_downloads_all_time) > 0),
of_universe AS (
    SELECT 'all' AS universe, * FROM over_windows
    UNION ALL SELECT 'top50', * FROM over_windows SEMI JOIN fifty USING (entity)),
valued AS (   -- what was made from nothing else is its own origin; if all is, the source does not tell
    UNPIVOT (SELECT * RENAME (eu_group AS eu) FROM of_universe)
    ON country, continent, eu, entity_type, entity, family, size_class, modality, task, origin_country, origin_continent,
       origin_eu, origin_entity_type, origin_entity INTO NAME dimension VALUE value),
attributed AS (
    SELECT * REPLACE (replace(dimension, 'origin_', '') AS dimension),
           CASE WHEN starts_with(dimension, 'origin_') THEN 'origin' ELSE 'publisher' END AS attribution
    FROM valued),
sums AS (
    SELECT asked AS window_days, universe, attribution, dimension, value, previous_date, days,
           count(*) FILTER (is_here) AS models, count(*) FILTER (was_there) AS previous_models,
           count(*) FILTER (made_since) AS new_models, count(*) FILTER (is_new AND NOT made_since) AS entered_models,
           count(*) FILTER (was_there AND same IS NOT true) AS gone_models,
           known(models, sum(downloads_all_time)) AS downloads,
           known(previous_models, sum(previous_downloads_all_time)) AS previous_downloads,
           sum(downloads_all_time - previous_downloads_all_time) FILTER (same) AS of_kept,
           sum(downloads_all_time) FILTER (made_since) AS of_new,
           sum(downloads_all_time) FILTER (is_here AND NOT made_since
                                           AND (same IS NOT true OR previous_downloads_all_time IS NULL)) AS of_entered,
           sum(previous_downloads_all_time) FILTER (same IS NOT true OR downloads_all_time IS NULL) AS lost,
           count(*) FILTER (same AND downloads_all_time <> previous_downloads_all_time) AS moved_counters,
           count(*) FILTER (same AND downloads_all_time = previous_downloads_all_time) AS still_counters,
           count(*) FILTER (same AND downloads_all_time < previous_downloads_all_time) AS fell_counters,
           CAST(coalesce(sum(previous_downloads_all_time - downloads_all_time)
                         FILTER (same AND downloads_all_time < previous_downloads_all_time), 0) AS BIGINT) AS fallen
    FROM attributed SEMI JOIN stated USING (asked)
    WHERE how = 'nearest' AND (attribution = 'publisher' OR (SELECT max(generations) FROM over_windows) > 0)
    GROUP BY ALL),
told AS (
    SELECT *, CASE WHEN downloads IS NOT NULL AND previous_downloads IS NOT NULL
                   THEN CAST(coalesce(of_kept, 0) AS BIGINT) END AS gained_by_kept,
           CASE WHEN gained_by_kept IS NOT NULL THEN CAST(coalesce(of_new, 0) AS BIGINT) END AS gained_by_new,
           gained_by_kept + gained_by_new AS gained
    FROM sums)
SELECT CAST(window_days AS BIGINT) AS window_days, universe, attribution, dimension,
       row_number() OVER (PARTITION BY window_days, universe, attribution, dimension ORDER BY gained DESC NULLS LAST, value) AS rank,
       value, previous_date, days, models, previous_models, new_models, entered_models, gone_models,
       downloads, previous_downloads, gained,
       CASE WHEN sum(gained) OVER whole > 0 THEN gained / CAST(sum(gained) OVER whole AS DOUBLE) END AS gained_share,
       gained_by_kept, gained_by_new,
       CASE WHEN downloads IS NOT NULL THEN CAST(coalesce(of_entered, 0) AS BIGINT) END AS entered,
       CASE WHEN previous_downloads IS NOT NULL THEN CAST(coalesce(lost, 0) AS BIGINT) END AS lost_with_gone,
       moved_counters, still_counters, fell_counters, fallen
FROM told
WINDOW whole AS (PARTITION BY window_days, universe, attribution, dimension)
ORDER BY window_days, universe, attribution, dimension, rank, value;
