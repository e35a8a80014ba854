-- What descends from what, and whose the base models are. Needs reference.sql, models.sql and counted.sql before.

-- Every model with every model it descends from; with itself, if it is on a cycle.
CREATE OR REPLACE TABLE ancestors AS
WITH RECURSIVE walk(id, ancestor) AS (
    SELECT id, base_model FROM model_parents
    UNION SELECT walk.id, base_model FROM walk JOIN model_parents ON model_parents.id = walk.ancestor)
FROM walk;

CREATE OR REPLACE TABLE cycles AS
SELECT there.id, min(there.ancestor) AS cycle
FROM ancestors AS there JOIN ancestors AS back ON back.id = there.ancestor AND back.ancestor = there.id
GROUP BY there.id;

-- A base model that the snapshot has not is its account's, if its id names one as ids on the Hub do: many are paths.
CREATE OR REPLACE TABLE base_models AS
WITH named AS (
    SELECT parents.base_model, models.id IS NOT NULL AS in_snapshot, models.entity AS known, models.account,
           CASE WHEN models.id IS NOT NULL THEN NULL
                WHEN regexp_full_match(parents.base_model, '[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9._-]+')
                THEN split_part(parents.base_model, '/', 1)
                ELSE legacy_owners.account END AS missing_account
    FROM (SELECT DISTINCT base_model FROM model_parents) AS parents
    LEFT JOIN models ON models.id = parents.base_model
    LEFT JOIN legacy_owners ON legacy_owners.id = parents.base_model),
found AS (
    SELECT base_model, in_snapshot, named.account, missing_account, coalesce(known, exact.entity, caseless.entity) AS owner
    FROM named
    LEFT JOIN accounts_of_the_day AS exact ON exact.account = missing_account
    LEFT JOIN accounts_of_the_day AS caseless ON lower(caseless.account) = lower(missing_account))
SELECT base_model, in_snapshot, coalesce(account, missing_account, 'unknown') AS account,
       coalesce(owner,
                CASE WHEN missing_account IN (SELECT entity FROM facts('entities'))
                     THEN missing_account || ' (account)' ELSE missing_account END, 'unknown') AS entity
FROM found;

-- Kind and seat of every entity, whether the snapshot has models of it or not.
CREATE OR REPLACE TABLE makers AS
SELECT entity, coalesce(entity_type, otherwise) AS entity_type, coalesce(country, otherwise) AS country
FROM (SELECT entity, CASE WHEN entity = 'unknown' OR entity IN (SELECT entity FROM facts('entities')) THEN 'unknown'
                          ELSE unplaced(false, account_type) END AS otherwise
      FROM (SELECT entity FROM base_models UNION SELECT entity FROM known_families)
      LEFT JOIN told_accounts ON folded = lower(replace(entity, ' (account)', '')))
LEFT JOIN entities_of_the_day USING (entity);

-- Models with the entities that they descend from, by a model other than themselves.
CREATE OR REPLACE TABLE origins AS
SELECT DISTINCT ancestors.id, base_models.entity AS maker
FROM ancestors JOIN base_models ON base_models.base_model = ancestors.ancestor
WHERE ancestors.id <> ancestors.ancestor;
