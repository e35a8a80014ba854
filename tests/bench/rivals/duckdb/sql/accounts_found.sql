-- Who stands behind each account. Numbers in the order of the names stand for accounts and entities in what follows.
WITH owned AS (
    SELECT account, count(*) AS models FROM sized GROUP BY account),
owners AS (
    SELECT owned.account, owned.models,
           coalesce(exact.entity, caseless.entity,
                    CASE WHEN owned.account IN (SELECT entity FROM entities_of_the_day)
                         THEN owned.account || ' (account)' ELSE owned.account END) AS entity,
           coalesce(exact.entity, caseless.entity) IS NOT NULL AS listed
    FROM owned
    LEFT JOIN accounts_of_the_day AS exact ON exact.account = owned.account
    LEFT JOIN accounts_of_the_day AS caseless ON lower(caseless.account) = lower(owned.account))
SELECT owners.account, owners.entity,
       coalesce(kinds.entity_type, 'unknown') AS entity_type, coalesce(kinds.country, 'unknown') AS country,
       coalesce(countries.continent, 'unknown') AS continent,
       CASE WHEN countries.in_eu THEN 'EU' ELSE coalesce(kinds.country, 'unknown') END AS eu_group,
       owners.listed, owners.models,
       CAST(row_number() OVER (ORDER BY owners.account) AS INTEGER) AS account_no,
       CAST(dense_rank() OVER (ORDER BY owners.entity) AS INTEGER) AS entity_no
FROM owners
LEFT JOIN entities_of_the_day AS kinds ON owners.listed AND kinds.entity = owners.entity
LEFT JOIN countries ON countries.country = kinds.country
ORDER BY owners.account
