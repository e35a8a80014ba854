WITH owned_by AS (
    SELECT lower(account) AS folded, count(*) FILTER (kind = 'models') AS models,
           count(*) FILTER (kind = 'datasets') AS datasets, count(*) FILTER (kind = 'spaces') AS spaces,
           count(*) FILTER (kind = 'papers') AS papers
    FROM repositories WHERE account IS NOT NULL GROUP BY folded),
behind AS (
    SELECT lower(account) AS folded, any_value(entity) AS entity, any_value(entity_type) AS entity_type,
           any_value(country) AS country, bool_or(listed) AS listed
    FROM accounts_normalized GROUP BY folded)
SELECT row_number() OVER (ORDER BY followers DESC NULLS LAST, account) AS rank, account, account_type, full_name, followers,
       verified, entity, entity_type, country, coalesce(listed, false) AS listed, coalesce(models, 0) AS models,
       coalesce(datasets, 0) AS datasets, coalesce(spaces, 0) AS spaces, coalesce(papers, 0) AS papers
FROM staged_account_facts LEFT JOIN owned_by ON owned_by.folded = lower(account) LEFT JOIN behind ON behind.folded = lower(account)
ORDER BY rank;
