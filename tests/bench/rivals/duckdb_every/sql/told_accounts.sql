-- What the Hub says of accounts: the snapshot has nothing of it.
SELECT CAST(NULL AS VARCHAR) AS folded, CAST(NULL AS VARCHAR) AS account_type WHERE false
