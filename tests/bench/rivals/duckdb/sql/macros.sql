-- What several queries use. Variables: root (the project), raw (the file), snapshot_date; and the values that
-- enrich.stated_sizes, enrich.model_languages, enrich.model_parents, enrich.models and aggregate.size_leaders declare.
CREATE OR REPLACE MACRO facts(name) AS TABLE
    SELECT * FROM read_csv(getvariable('root') || '/data/reference/' || name || '.csv',
                           header = true, all_varchar = true, delim = ',', quote = '"', escape = '"');

CREATE OR REPLACE MACRO holds(valid_from, valid_to) AS
    getvariable('snapshot_date') >= coalesce(CAST(valid_from AS DATE), DATE '0001-01-01')
    AND getvariable('snapshot_date') <= coalesce(CAST(valid_to AS DATE), DATE '9999-12-31');

CREATE OR REPLACE MACRO share(part, whole) AS
    CASE WHEN whole = 0 THEN NULL ELSE CAST(part AS DOUBLE) / CAST(whole AS DOUBLE) END;

-- A string, or the strings of a list, of a value in JSON.
CREATE OR REPLACE MACRO json_strings(value) AS
    CASE json_type(value)
        WHEN 'VARCHAR' THEN [json_extract_string(value, '$')]
        WHEN 'ARRAY' THEN list_filter(
            list_transform(CAST(value AS JSON[]),
                           lambda v: CASE WHEN json_type(v) = 'VARCHAR' THEN json_extract_string(v, '$') END),
            lambda v: v IS NOT NULL AND trim(v) <> '')
    END;

-- What of an id is not the account; and that without what its end says of the format of full weights.
CREATE OR REPLACE MACRO lower_name(id) AS lower(split_part(id, '/', -1));

CREATE OR REPLACE MACRO bare_name(id) AS regexp_replace(lower_name(id), getvariable('same_weights_names'), '');

-- An aggregate of `in_all_time`, `in_last_30d` (of the 50 entities first in the period) and counters of both periods:
-- one row for each universe and period.
CREATE OR REPLACE MACRO each_universe(name) AS TABLE
    SELECT u.universe, u.period, c.* EXCLUDE (in_all_time, in_last_30d, all_time, last_30d),
           CASE WHEN u.period = 'all_time' THEN c.all_time ELSE c.last_30d END AS downloads
    FROM query_table(name) AS c, universes AS u
    WHERE u.universe = 'all' OR CASE WHEN u.period = 'all_time' THEN c.in_all_time ELSE c.in_last_30d END;
