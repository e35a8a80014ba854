-- Every class of the fine and the coarse scheme, with models or without.
WITH classes AS (
    SELECT scheme, position, size_class FROM size_classes WHERE scheme IN ('fine', 'coarse')
    UNION ALL
    SELECT scheme, max(position) + 1, 'unknown' FROM size_classes WHERE scheme IN ('fine', 'coarse') GROUP BY scheme),
filled AS (
    SELECT u.universe, u.period, k.scheme, k.position, k.size_class,
           coalesce(m.models, 0) AS models, coalesce(m.previous_models, 0) AS previous_models,
           coalesce(m.models_kept, 0) AS models_kept, coalesce(m.models_new, 0) AS models_new,
           coalesce(m.models_entered, 0) AS models_entered, coalesce(m.models_lost, 0) AS models_lost,
           known(coalesce(m.models, 0), m.downloads) AS downloads,
           known(coalesce(m.previous_models, 0), m.previous_downloads) AS previous_downloads,
           m.part IS NULL AS is_empty, m.gained_by_kept, m.gained_by_new, m.entered, m.lost
    FROM (SELECT DISTINCT universe, period FROM part_moves) AS u CROSS JOIN classes AS k
    LEFT JOIN part_moves AS m
           ON (m.universe, m.period, m.level, m.part) = (u.universe, u.period, k.scheme, k.size_class))
SELECT universe, period, scheme, position, size_class,
       row_number() OVER (PARTITION BY universe, period, scheme ORDER BY downloads DESC, position) AS rank,
       pair.previous_date, pair.days,
       row_number() OVER (PARTITION BY universe, period, scheme ORDER BY previous_downloads DESC, position) AS previous_rank,
       models, models - previous_models AS models_gained, models_kept, models_new, models_entered, models_lost,
       downloads, downloads - previous_downloads AS downloads_gained,
       CASE WHEN is_empty THEN 0 ELSE gained_by_kept END AS gained_by_kept,
       CASE WHEN is_empty THEN 0 ELSE gained_by_new END AS gained_by_new,
       CASE WHEN is_empty THEN 0 ELSE entered END AS entered, CASE WHEN is_empty THEN 0 ELSE lost END AS lost,
       share(downloads, sum(downloads) OVER whole) AS downloads_share,
       share(downloads, sum(downloads) OVER whole) - share(previous_downloads, sum(previous_downloads) OVER whole)
           AS share_gained
FROM filled CROSS JOIN pair WHERE stated_of_both('fine')
WINDOW whole AS (PARTITION BY universe, period, scheme)
ORDER BY universe, period, scheme, position;
