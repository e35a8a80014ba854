-- One row per universe, period and model in it: what every breakdown counts. A period is there if the snapshot has
-- its counter at all; of a model without it nothing is known. DuckDB adds up what is not null, and places nulls last.
CREATE OR REPLACE TABLE counted AS
WITH periods AS (
    SELECT 'all_time' AS period, models.*, downloads_all_time AS counter FROM models
    UNION ALL SELECT 'last_30d', models.*, downloads_30d FROM models),
present AS (
    SELECT * RENAME (counter AS downloads) FROM periods QUALIFY count(counter) OVER (PARTITION BY period) > 0),
first AS (
    SELECT period, entity FROM present GROUP BY period, entity
    QUALIFY row_number() OVER (PARTITION BY period ORDER BY sum(downloads) DESC, entity) <= 50)
SELECT 'all' AS universe, * FROM present
UNION ALL SELECT 'top50', present.* FROM present JOIN first USING (period, entity);

-- What a share of the universe is a share of.
CREATE OR REPLACE TABLE wholes AS
SELECT universe, period, count(*) AS all_models, CAST(sum(downloads) AS BIGINT) AS all_downloads
FROM counted GROUP BY universe, period;
