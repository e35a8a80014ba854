SELECT * EXCLUDE (account_no, entity_no) FROM accounts_found
