-- Whose the models are: who publishes them, and who made what they were made from in the beginning. Needs counted.sql and
-- lineage.sql before.

-- From each model up by first parents, with all that was passed, until there is none or one that was passed already.
CREATE OR REPLACE TABLE model_origins AS
WITH RECURSIVE first_parents AS (SELECT id, base_model AS parent FROM model_parents WHERE position = 1),
climb AS (
    SELECT id, [id] AS path, parent AS up FROM models LEFT JOIN first_parents USING (id)
    UNION ALL
    SELECT climb.id, list_append(path, up), parent FROM climb LEFT JOIN first_parents ON first_parents.id = up
    WHERE up IS NOT NULL AND NOT list_contains(path, up)),
ends AS (SELECT id, path, up FROM climb WHERE up IS NULL OR list_contains(path, up)),
-- A ring began with the one of its models that was there first.
heads AS (
    SELECT member.id, member.head
    FROM (SELECT rings.id, models.id AS head, created_at
          FROM (SELECT id, unnest(path[list_position(path, up):]) AS head FROM ends WHERE up IS NOT NULL) AS rings
          JOIN models ON models.id = head) AS member
    QUALIFY row_number() OVER (PARTITION BY member.id ORDER BY created_at NULLS LAST, head) = 1),
roots AS (
    SELECT id, coalesce(head, path[-1]) AS origin, CAST(list_position(path, origin) - 1 AS BIGINT) AS generations
    FROM ends LEFT JOIN heads USING (id))
SELECT roots.id, origin, theirs.id IS NOT NULL AS origin_in_snapshot,
       coalesce(theirs.account, base_models.account) AS origin_account,
       coalesce(theirs.entity, base_models.entity) AS origin_entity,
       coalesce(theirs.entity_type, makers.entity_type) AS origin_entity_type,
       coalesce(theirs.country, makers.country) AS origin_country,
       coalesce(theirs.continent, countries.continent, makers.country) AS origin_continent,
       coalesce(theirs.eu_group, CASE WHEN countries.in_eu THEN 'EU' ELSE makers.country END) AS origin_eu_group,
       generations
FROM roots LEFT JOIN models AS theirs ON theirs.id = origin
LEFT JOIN base_models ON base_models.base_model = origin
LEFT JOIN makers ON makers.entity = base_models.entity
LEFT JOIN countries ON countries.country = makers.country;

-- What is counted, once by each way; nothing by origin, if no model says what it was made from.
CREATE OR REPLACE VIEW attributed AS
SELECT 'publisher' AS attribution, entity AS maker, entity_type AS maker_type, country AS maker_country,
       continent AS maker_continent, eu_group AS maker_eu, * FROM counted
UNION ALL
SELECT 'origin', origin_entity, origin_entity_type, origin_country, origin_continent, origin_eu_group, counted.*
FROM counted JOIN model_origins USING (id)
WHERE EXISTS (FROM model_parents);

-- Made within the year that ends with the day of the snapshot.
CREATE OR REPLACE MACRO is_recent(created_at) AS
    coalesce(CAST(created_at AS DATE) BETWEEN getvariable('snapshot_date') - INTERVAL 364 DAY AND getvariable('snapshot_date'), false);

-- The models that trend, on both lists, and both ways.
CREATE OR REPLACE VIEW trending AS
WITH ranked AS (
    SELECT *, row_number() OVER (ORDER BY trending_score DESC, id) AS place_on_list, is_recent(created_at) AS recent,
           (SELECT count(created_at) FROM models) > 0 AS dated
    FROM models JOIN model_origins USING (id) WHERE trending_score > 0),
ways AS (
    SELECT 'publisher' AS attribution, entity AS maker, entity_type AS maker_type, country AS maker_country,
           continent AS maker_continent, eu_group AS maker_eu, place_on_list, recent, dated FROM ranked
    UNION ALL
    SELECT 'origin', origin_entity, origin_entity_type, origin_country, origin_continent, origin_eu_group,
           place_on_list, recent, dated FROM ranked
    WHERE EXISTS (FROM model_parents))
SELECT CAST(first AS BIGINT) AS first, ways.* FROM (VALUES (100), (1000)) AS lists(first) JOIN ways ON place_on_list <= first;
