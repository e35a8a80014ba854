-- Beside hub-stats, which has no accounts: their overviews, one JSON object a line. Variable: account_facts (the file).
INSERT INTO staged_account_facts
SELECT row_number() OVER (), coalesce(name, "user"), CASE WHEN "user" IS NOT NULL THEN 'user' ELSE 'organisation' END,
       fullname, numFollowers, isVerified
FROM read_json(getvariable('account_facts'), format = 'newline_delimited', columns = {
    name: 'VARCHAR', user: 'VARCHAR', fullname: 'VARCHAR', numFollowers: 'BIGINT', isVerified: 'BOOLEAN'});
