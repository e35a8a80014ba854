-- The number of parameters that a model's name states. A name falls into words at every character other than an
-- ASCII letter, an ASCII digit and a dot between two digits; a word states a size when it is a number and a unit
-- (7b, 1.5B, 0p5B, 7b1, 135M, 1T), alone or with a number of experts (8x7B, 7Bx2).

CREATE OR REPLACE TABLE size_in_name AS
WITH names AS (SELECT id, string_split(id, '/')[-1] AS name FROM ingest),
dotted AS (   -- the dots between digits, marked; twice, since one digit may stand between two of them
    SELECT id, regexp_replace(regexp_replace(name, '([0-9])\.([0-9])', '\1§\2', 'g'),
                              '([0-9])\.([0-9])', '\1§\2', 'g') AS name FROM names),
listed AS (
    SELECT id, list_filter(regexp_split_to_array(name, '[^A-Za-z0-9§]+'), lambda w: w <> '') AS list FROM dotted),
words AS (SELECT id, unnest(list) AS word, unnest(range(1, len(list) + 1)) AS place FROM listed),
around AS (
    SELECT id, place, word,
           coalesce(lag(word) OVER w, '') AS before, lower(coalesce(lead(word) OVER w, '')) AS after
    FROM words WINDOW w AS (PARTITION BY id ORDER BY place)),
parts AS (
    SELECT id, place, before, after, regexp_extract(word,
               '^(?:([0-9]{1,4})[xX])?([0-9]{1,4})(?:[§p]([0-9]+))?([bBmMT])(?:([0-9])|[xX]([0-9]{1,4}))?$',
               ['experts', 'whole', 'fraction', 'unit', 'tenth', 'experts_after']) AS p
    FROM around),
sizes AS (
    SELECT id, place, after, p.unit = 'T' AS trillions,
           CASE WHEN before = '0' AND p.fraction = '' AND p.tenth = '' THEN TRY_CAST('0.' || p.whole AS DECIMAL(38, 18))
                ELSE TRY_CAST(p.whole || '.' || coalesce(nullif(p.fraction, ''), nullif(p.tenth, ''), '0') AS DECIMAL(38, 18))
           END AS number,
           CASE upper(p.unit) WHEN 'M' THEN 1000000 WHEN 'B' THEN 1000000000 WHEN 'T' THEN 1000000000000 END AS scale,
           coalesce(TRY_CAST(nullif(p.experts, '') AS BIGINT), TRY_CAST(nullif(p.experts_after, '') AS BIGINT), 1) AS experts
    FROM parts
    WHERE p.unit <> '' AND NOT (p.experts <> '' AND p.experts_after <> '') AND NOT (p.fraction <> '' AND p.tenth <> '')
      AND lower(before) <> 'tokens'
      AND after NOT IN ('tok', 'token', 'tokens', 'seqlen', 'context', 'ctx', 'step', 'steps', 'samples', 'rows',
                        'pairs', 'sentences', 'words', 'images')),
counted AS (
    SELECT id, place, trillions, regexp_full_match(after, '[0-9]{1,4}e') AS active_only,
           CAST(round(CAST(number AS DOUBLE) * scale) AS HUGEINT) * experts AS parameters
    FROM sizes),
sane AS (SELECT * FROM counted WHERE parameters BETWEEN 1 AND 20_000_000_000_000),
decided AS (   -- the first in B or M (or the first that counts active parameters only); one in T only without any
    SELECT id, parameters, active_only
    FROM sane
    QUALIFY row_number() OVER (PARTITION BY id ORDER BY (trillions AND NOT active_only), place) = 1)
SELECT id, CAST(parameters AS BIGINT) AS parameters FROM decided WHERE NOT active_only;
