-- What each model of the two snapshots was and is, in every breakdown that is compared. Needs series.sql and followed.sql
-- before.

-- One row per universe, period, day, model and breakdown: the model's value.
CREATE OR REPLACE TABLE stands AS
WITH origins AS (SELECT * FROM kept.model_origins), days AS (SELECT snapshot_date AS day FROM pair UNION ALL SELECT previous_date FROM pair),
counters AS (
    SELECT day, unnest(['all_time', 'last_30d']) AS period, unnest([downloads_all_time, downloads_30d]) AS downloads, models.*
    FROM models JOIN days ON models.snapshot_date = day),
of_both AS (   -- a period that only one of the two has compares with nothing
    SELECT period FROM periods JOIN days ON periods.snapshot_date = day GROUP BY period HAVING count(*) = 2),
present AS (SELECT counters.* FROM counters SEMI JOIN of_both USING (period)),
first AS (
    SELECT day, period, entity FROM present GROUP BY day, period, entity
    QUALIFY row_number() OVER (PARTITION BY day, period ORDER BY sum(downloads) DESC, entity) <= 50),
universes AS (
    SELECT 'all' AS universe, * FROM present
    UNION ALL SELECT 'top50', present.* FROM present SEMI JOIN first USING (day, period, entity))
, parts AS (
    UNPIVOT (
        SELECT universe, period, day, u.id, downloads, entity_type AS "publisher entity_type", country AS "publisher country",
               continent AS "publisher continent", eu_group AS "publisher eu", origin_entity_type AS "origin entity_type",
               origin_country AS "origin country", origin_continent AS "origin continent", origin_eu_group AS "origin eu",
               task AS "publisher task", size_class AS "publisher fine", size_class_coarse AS "publisher coarse",
               license AS "publisher license", library AS "publisher library"
        FROM (SELECT * FROM universes) AS u JOIN origins ON origins.snapshot_date = u.day AND origins.id = u.id)
    ON COLUMNS('^(publisher|origin) ') INTO NAME cut VALUE part)
SELECT * EXCLUDE (cut), string_split(cut, ' ')[1] AS attribution, string_split(cut, ' ')[2] AS level
FROM parts
-- a day on which no model says what it was made from has no origins
WHERE attribution = 'publisher'
      OR (SELECT count(DISTINCT snapshot_date) = 2 FROM origins JOIN days ON snapshot_date = day WHERE generations > 0);

-- The models of some breakdowns on both days: a row for one that stays, one for each end of all other moves.
CREATE OR REPLACE VIEW moves AS
WITH now AS (SELECT stands.* FROM stands JOIN pair ON day = snapshot_date),
before AS (SELECT stands.* FROM stands JOIN pair ON day = previous_date),
same AS (SELECT id, coalesce(previous_id, id) AS former_id FROM followed WHERE gains),
stay AS (
    SELECT now.*, former_id, before.downloads AS previous_downloads
    FROM same JOIN now USING (id) JOIN before ON before.id = former_id
         AND (before.universe, before.period, before.attribution, before.level, before.part)
         = (now.universe, now.period, now.attribution, now.level, now.part))
SELECT 'kept' AS what, universe, period, attribution, level, part, downloads, previous_downloads FROM stay
UNION ALL
SELECT CASE WHEN id IN (SELECT id FROM followed WHERE made_since) THEN 'new' ELSE 'entered' END,
       universe, period, attribution, level, part, downloads, NULL
FROM now ANTI JOIN stay USING (universe, period, attribution, level, part, id)
UNION ALL
SELECT 'lost', universe, period, attribution, level, part, NULL, downloads
FROM before ANTI JOIN stay ON stay.former_id = before.id
     AND (stay.universe, stay.period, stay.attribution, stay.level, stay.part)
     = (before.universe, before.period, before.attribution, before.level, before.part);

CREATE OR REPLACE TABLE part_moves AS
WITH sums AS (
    SELECT universe, period, attribution, level, part,
           count(*) FILTER (what <> 'lost') AS models, count(*) FILTER (what IN ('kept', 'lost')) AS previous_models,
           count(*) FILTER (what = 'kept') AS models_kept, count(*) FILTER (what = 'new') AS models_new,
           count(*) FILTER (what = 'entered') AS models_entered, count(*) FILTER (what = 'lost') AS models_lost,
           known(models, sum(downloads)) AS downloads, known(previous_models, sum(previous_downloads)) AS previous_downloads,
           coalesce(sum(downloads - previous_downloads) FILTER (what = 'kept'), 0) AS by_kept,
           coalesce(sum(downloads) FILTER (what = 'new'), 0) AS by_new,
           coalesce(sum(downloads) FILTER (what <> 'new' AND previous_downloads IS NULL), 0) AS by_others,
           coalesce(sum(previous_downloads) FILTER (downloads IS NULL), 0) AS gone
    FROM moves GROUP BY universe, period, attribution, level, part)
SELECT * EXCLUDE (by_kept, by_new, by_others, gone), downloads - previous_downloads AS downloads_gained,
       CASE WHEN downloads_gained IS NOT NULL THEN CAST(by_kept AS BIGINT) END AS gained_by_kept,
       CASE WHEN downloads_gained IS NOT NULL THEN CAST(by_new AS BIGINT) END AS gained_by_new,
       CASE WHEN downloads IS NOT NULL THEN CAST(by_others AS BIGINT) END AS entered,
       CASE WHEN previous_downloads IS NOT NULL THEN CAST(gone AS BIGINT) END AS lost
FROM sums;

-- The parts of some breakdowns with their places and shares; nothing if one of the two days states a value of no model.
CREATE OR REPLACE MACRO parts_changed(levels) AS TABLE
SELECT universe, period, attribution, level, part,
       row_number() OVER (PARTITION BY universe, period, attribution, level ORDER BY models = 0, downloads DESC, part) AS rank,
       pair.previous_date, pair.days,
       CASE WHEN previous_models > 0
            THEN row_number() OVER (PARTITION BY universe, period, attribution, level
                                    ORDER BY previous_models = 0, previous_downloads DESC, part) END AS previous_rank,
       models, models - previous_models AS models_gained, models_kept, models_new, models_entered, models_lost,
       downloads, downloads_gained, gained_by_kept, gained_by_new, entered, lost,
       share(downloads, sum(downloads) OVER whole) AS downloads_share,
       share(downloads, sum(downloads) OVER whole) - share(previous_downloads, sum(previous_downloads) OVER whole)
           AS share_gained
FROM part_moves CROSS JOIN pair WHERE list_contains(levels, level)
WINDOW whole AS (PARTITION BY universe, period, attribution, level);

CREATE OR REPLACE MACRO stated_of_both(of_level) AS
    (SELECT count(DISTINCT day) = 2 FROM stands WHERE level = of_level AND part <> 'unknown');
