-- Entities and models by kind and place, at each level; the first 50 of a period are so few that they are counted
-- apart.
WITH sums AS (
    SELECT universe, period, entity_type, country, continent, eu_group, count(*) AS entities,
           CAST(sum(models) AS BIGINT) AS models, CAST(sum(downloads) AS BIGINT) AS downloads
    FROM entity_rows GROUP BY ALL)
SELECT 'country' AS level, country AS place, * FROM sums
UNION ALL SELECT 'continent', continent, * FROM sums
UNION ALL SELECT 'eu', eu_group, * FROM sums
