-- Whose datasets, spaces and papers are, as far as that can be said without knowing who stands behind an account. Needs
-- the staged kinds.
CREATE OR REPLACE MACRO well_formed(id) AS
    trim(coalesce(id, '')) <> '' AND length(id) - length(replace(id, '/', '')) <= 1
    AND NOT starts_with(id, '/') AND NOT ends_with(id, '/');
CREATE OR REPLACE MACRO owner_of(id, author) AS
    CASE WHEN contains(id, '/') THEN split_part(id, '/', 1) ELSE coalesce(nullif(trim(author), ''), id) END;

CREATE OR REPLACE TABLE owned_datasets AS
SELECT *, owner_of(id, author) AS account FROM staged_datasets WHERE well_formed(id)
QUALIFY row_number() OVER (PARTITION BY id ORDER BY position) = 1;

CREATE OR REPLACE TABLE owned_spaces AS
SELECT *, owner_of(id, author) AS account FROM staged_spaces WHERE well_formed(id)
QUALIFY row_number() OVER (PARTITION BY id ORDER BY position) = 1;

-- Who submits a paper is none of its authors: whose it is, its organisation says.
CREATE OR REPLACE TABLE owned_papers AS
SELECT *, nullif(trim(organization), '') AS account FROM staged_papers WHERE trim(coalesce(id, '')) <> ''
QUALIFY row_number() OVER (PARTITION BY id ORDER BY position) = 1;

CREATE OR REPLACE TABLE told_accounts AS
SELECT lower(account) AS folded, any_value(account_type) AS account_type
FROM staged_account_facts WHERE account_type IS NOT NULL GROUP BY folded;
