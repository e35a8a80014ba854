-- What several of the tables say in the same words.

-- Where no kind or country is known of an owner: it was looked for, or nobody has looked the account up, of which the
-- Hub may say what it is.
CREATE OR REPLACE MACRO unplaced(listed, account_type) AS
    CASE WHEN listed THEN 'unknown' WHEN account_type IS NULL THEN 'unlisted' ELSE 'unlisted ' || account_type END;

-- Downloads of some of the models: 0 if there are none of these, null if no counter of them is stated.
CREATE OR REPLACE MACRO known(models, downloads) AS CASE WHEN models = 0 THEN 0 ELSE CAST(downloads AS BIGINT) END;

-- What of an id is not the account, in lower case.
CREATE OR REPLACE MACRO last_part(id) AS lower(string_split(id, '/')[-1]);

CREATE OR REPLACE MACRO share(part, whole) AS
    CASE WHEN whole = 0 THEN NULL ELSE CAST(part AS DOUBLE) / CAST(whole AS DOUBLE) END;
