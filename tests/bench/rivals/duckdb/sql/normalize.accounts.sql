-- The snapshot is of models alone, and has nothing of what the Hub says of an account.
SELECT account, entity, entity_type, country, continent, eu_group, listed, CAST(NULL AS VARCHAR) AS account_type,
       models, CAST(0 AS BIGINT) AS datasets, CAST(0 AS BIGINT) AS spaces, CAST(0 AS BIGINT) AS papers
FROM accounts_found
