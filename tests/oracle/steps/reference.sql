-- The curated facts, from the same CSV files that the pipeline reads.
-- Variables: root (the project), snapshot_date.

CREATE OR REPLACE MACRO facts(name) AS TABLE
    SELECT * FROM read_csv(getvariable('root') || '/data/reference/' || name || '.csv',
                           header = true, all_varchar = true, delim = ',', quote = '"', escape = '"');

CREATE OR REPLACE MACRO holds(valid_from, valid_to) AS
    getvariable('snapshot_date') >= coalesce(CAST(valid_from AS DATE), DATE '0001-01-01')
    AND getvariable('snapshot_date') <= coalesce(CAST(valid_to AS DATE), DATE '9999-12-31');

CREATE OR REPLACE TABLE entities_of_the_day AS
    SELECT entity, entity_type, country FROM facts('entities') WHERE holds(valid_from, valid_to);

CREATE OR REPLACE TABLE accounts_of_the_day AS
    SELECT account, entity FROM facts('accounts') WHERE holds(valid_from, valid_to);

CREATE OR REPLACE TABLE countries AS
    SELECT country, continent, eu_from IS NOT NULL AND holds(eu_from, eu_to) AS in_eu FROM facts('countries');

CREATE OR REPLACE TABLE legacy_owners AS SELECT id, account FROM facts('legacy_owners') WHERE kind = 'models';

CREATE OR REPLACE TABLE pipeline_tags AS
    SELECT pipeline_tag, task, modality, hub_modality, architecture,
           CAST(language_applies AS BOOLEAN) AS language_applies
    FROM facts('pipeline_tags');

-- Which tag a model type stands for, and the stated one that it takes the place of beside none.
CREATE OR REPLACE TABLE model_type_tasks AS SELECT model_type, pipeline_tag, replaces FROM facts('model_type_tasks');

CREATE OR REPLACE TABLE task_corrections AS SELECT id, pipeline_tag FROM facts('task_corrections');

CREATE OR REPLACE TABLE relation_corrections AS SELECT id, base_model, relation FROM facts('relation_corrections');

CREATE OR REPLACE TABLE known_families AS
    SELECT tag, family, entity, CAST(is_architecture AS BOOLEAN) AS is_architecture, CAST(shared AS BOOLEAN) AS shared,
           in_name
    FROM facts('model_families');

CREATE OR REPLACE TABLE frameworks AS SELECT tag, framework FROM facts('frameworks');

CREATE OR REPLACE TABLE licenses AS SELECT license, family FROM facts('licenses');

-- What stands for one language: codes, and what is written for them. Aliases have no name of their own.
CREATE OR REPLACE TABLE languages AS
    SELECT code, language, name FROM facts('languages')
    UNION ALL SELECT value, language, NULL FROM facts('language_aliases');

-- Tags that have another meaning, or another one too.
CREATE OR REPLACE TABLE false_friends AS
    SELECT tag AS word FROM facts('non_language_tags')
    UNION SELECT tag FROM facts('frameworks')
    UNION SELECT library FROM facts('libraries');

-- The tags that can be languages: those that mean nothing else, or that lists of languages have. Some are enough to
-- tell a list of languages by; some need it, or the model's name.
CREATE OR REPLACE TABLE language_tags AS
    SELECT code, name, length(code) = 3 OR length(code) = 2 AND code IN (SELECT tag FROM known_families) AS in_doubt,
           is_listed, NOT is_friend AS is_nothing_else,
           length(code) = 2 OR is_listed AND NOT is_friend AS makes_a_list
    FROM (SELECT code, name, code IN (SELECT word FROM false_friends) AS is_friend,
                 code IN (SELECT code FROM facts('language_lists')) AS is_listed
          FROM languages)
    WHERE is_listed OR NOT is_friend;

-- By which words of its name a model says that its tag is a language: the code of one that is in a list, or a long word
-- of the language's name.
CREATE OR REPLACE TABLE language_words AS
    SELECT code, code AS word FROM language_tags WHERE in_doubt AND is_nothing_else AND is_listed
    UNION
    SELECT code, word
    FROM (SELECT code, unnest(regexp_split_to_array(regexp_replace(lower(name), '\(.*\)', ''), '[^a-z]+')) AS word
          FROM language_tags WHERE in_doubt AND is_nothing_else)
    WHERE length(word) >= 5 AND word <> 'language';

CREATE OR REPLACE TABLE size_classes AS
    SELECT scheme, CAST(position AS BIGINT) AS position, size_class,
           CAST(min_parameters AS BIGINT) AS min_parameters, CAST(max_parameters AS BIGINT) AS max_parameters
    FROM facts('size_classes');

CREATE OR REPLACE TABLE size_corrections AS
    SELECT id, CAST(parameters AS BIGINT) AS parameters FROM facts('size_corrections');

CREATE OR REPLACE TABLE active_parameters AS
    SELECT id, CAST(parameters AS BIGINT) AS parameters FROM facts('active_parameters');

CREATE OR REPLACE TABLE size_bounds AS SELECT bound, CAST(parameters AS BIGINT) AS parameters FROM facts('size_bounds');
