-- Who stands behind each account. Numbers in the order of the names stand for accounts and entities in what follows.
WITH owned AS (
    SELECT account, lower(account) AS folded, count(*) AS models,
           sum(coalesce(downloads_30d, downloads_all_time, 0)) AS downloads
    FROM sized GROUP BY account),
-- Of accounts that differ only in case the one with the most downloads; few do.
spellings AS (
    SELECT folded, first(account ORDER BY downloads DESC, account) AS spelling
    FROM owned WHERE folded IN (SELECT folded FROM owned GROUP BY folded HAVING count(*) > 1) GROUP BY folded),
owners AS (
    SELECT owned.account, owned.models, coalesce(spelling, owned.account) AS own,
           coalesce(exact.entity, caseless.entity,
                    CASE WHEN own IN (SELECT entity FROM facts('entities')) THEN own || ' (account)' ELSE own END)
               AS entity,
           coalesce(exact.entity, caseless.entity) IS NOT NULL AS listed,
           -- what is said where no kind or country is known: it was looked for, or nobody has looked the account up
           CASE WHEN listed THEN 'unknown' ELSE 'unlisted' END AS otherwise
    FROM owned LEFT JOIN spellings ON spellings.folded = owned.folded
    LEFT JOIN accounts_of_the_day AS exact ON exact.account = owned.account
    LEFT JOIN accounts_of_the_day AS caseless ON lower(caseless.account) = owned.folded)
SELECT owners.account, owners.entity,
       coalesce(kinds.entity_type, otherwise) AS entity_type, coalesce(kinds.country, otherwise) AS country,
       coalesce(countries.continent, kinds.country, otherwise) AS continent,
       CASE WHEN countries.in_eu THEN 'EU' ELSE coalesce(kinds.country, otherwise) END AS eu_group,
       owners.listed, owners.models,
       CAST(row_number() OVER (ORDER BY owners.account) AS INTEGER) AS account_no,
       CAST(dense_rank() OVER (ORDER BY owners.entity) AS INTEGER) AS entity_no
FROM owners
LEFT JOIN entities_of_the_day AS kinds ON owners.listed AND kinds.entity = owners.entity
LEFT JOIN countries ON countries.country = kinds.country
ORDER BY owners.account
