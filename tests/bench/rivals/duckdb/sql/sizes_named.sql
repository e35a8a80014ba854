-- The number of parameters that a model's name states. A name falls into words at every character other than an
-- ASCII letter, an ASCII digit and a dot between two digits; a word states a size when it is a number and a unit
-- (7b, 1.5B, 0p5B, 7b1, 135M, 1T). With a number of experts (8x7B, 7Bx2) it states none: they share layers. Only names
-- that are asked for and have a digit before a unit are taken apart.
WITH names AS (
    SELECT n AS id, string_split(id, '/')[-1] AS name FROM sized
    WHERE (doubted OR coalesce(corrected, stored, header, stated) IS NULL) AND regexp_matches(id, '[0-9][bBmMT]')),
dotted AS (   -- the dots between digits, marked; twice, since one digit may stand between two of them
    SELECT id, regexp_replace(regexp_replace(name, '([0-9])\.([0-9])', '\1§\2', 'g'),
                              '([0-9])\.([0-9])', '\1§\2', 'g') AS name FROM names),
listed AS (   -- the words, each with the character before it
    SELECT id, regexp_extract_all(name, '[^A-Za-z0-9§]?[A-Za-z0-9§]+') AS list FROM dotted),
words AS (SELECT id, unnest(list) AS found, unnest(range(1, len(list) + 1)) AS place FROM listed),
parted AS (
    SELECT id, place, regexp_replace(found, '^[^A-Za-z0-9§]', '') AS word,
           regexp_extract(found, '^[^A-Za-z0-9§]') AS separator
    FROM words),
around AS (
    SELECT *, coalesce(lag(word) OVER w, '') AS before, coalesce(lag(separator) OVER w, '') AS separator_before,
           coalesce(lag(word, 2) OVER w, '') AS before_that, lower(coalesce(lead(word) OVER w, '')) AS after,
           coalesce(lead(word, 2) OVER w, '') AS after_that
    FROM parted WINDOW w AS (PARTITION BY id ORDER BY place)),
parts AS (
    SELECT *, regexp_extract(word, '^([0-9]{1,4})(?:[§p]([0-9]+))?([bBmMT])([0-9])?$',
                             ['whole', 'fraction', 'unit', 'tenth']) AS p,
           -- whether the word before is the whole part of this number: a lone digit, cut off by a separator, but no
           -- version of Llama
           CASE WHEN before = '0' THEN separator IN ('_', '-')
                     AND NOT (regexp_full_match(before_that, '[vV][0-9]{1,4}') AND separator_before = separator)
                ELSE regexp_full_match(before, '[1-9]') AND separator = '_' AND separator_before <> '_'
                     AND lower(before_that) <> 'llama' END AS cut_off,
           -- whether a word after it says what it counts, other than as many tokens as are named behind that word
           after IN ('tok', 'token', 'tokens', 'seqlen', 'context', 'ctx', 'step', 'steps', 'samples', 'rows', 'pairs',
                     'sentences', 'words', 'images')
               AND NOT (after IN ('token', 'tokens')
                        AND regexp_full_match(after_that, '[0-9]{1,4}([§p][0-9]+)?[bBmMT][0-9]?')) AS counts_other
    FROM around),
numbers AS (
    SELECT id, place, after, upper(p.unit) AS unit,
           TRY_CAST(CASE WHEN coalesce(nullif(p.fraction, ''), nullif(p.tenth, '')) IS NOT NULL
                         THEN p.whole || '.' || coalesce(nullif(p.fraction, ''), p.tenth)
                         WHEN cut_off THEN before || '.' || p.whole ELSE p.whole END AS DECIMAL(38, 18)) AS number
    FROM parts
    WHERE p.unit <> '' AND NOT (p.fraction <> '' AND p.tenth <> '')
      AND lower(before) NOT IN ('token', 'tokens') AND NOT counts_other),
sizes AS (
    SELECT id, place, unit, regexp_full_match(after, '[0-9]{1,4}e') AS active_only,
           CAST(round(CAST(number AS DOUBLE) * CASE unit WHEN 'M' THEN 1e6 WHEN 'B' THEN 1e9 ELSE 1e12 END) AS BIGINT)
               AS parameters
    FROM numbers),
sane AS (SELECT * FROM sizes WHERE parameters BETWEEN 1_000_000 AND 20_000_000_000_000),
-- In the name of a mixture of experts the first of two sizes in a row counts what is active, the larger is the model's.
total AS (
    SELECT sane.* REPLACE (
               CASE WHEN contains(lower(names.name), 'moe') THEN greatest(sane.parameters, next.parameters)
                    ELSE sane.parameters END AS parameters),
           sane.unit = 'M' AND sane.parameters < 20_000_000 AS small
    FROM sane JOIN names USING (id) LEFT JOIN sane AS next ON next.id = sane.id AND next.place = sane.place + 1),
-- What settles the matter, first come: a size in B; one in M, unless a number under 20M came before it, which
-- rather counts examples; a number of active or effective parameters, which leaves the total open.
weighed AS (
    SELECT *, coalesce(bool_or(small) OVER (
               PARTITION BY id ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), false) AS after_small
    FROM total),
settling AS (
    SELECT id, place, CASE WHEN NOT active_only THEN parameters END AS parameters FROM weighed
    WHERE active_only OR unit = 'B' OR (unit = 'M' AND NOT small AND NOT after_small)
    UNION ALL SELECT id, place, NULL FROM parted WHERE regexp_full_match(word, '[eE][0-9]{1,4}[bB]')),
settled AS (SELECT id, parameters FROM settling QUALIFY row_number() OVER (PARTITION BY id ORDER BY place) = 1),
otherwise AS (
    SELECT id, parameters FROM weighed WHERE small OR unit = 'T'
    QUALIFY row_number() OVER (PARTITION BY id ORDER BY small DESC, place) = 1)
SELECT coalesce(settled.id, otherwise.id) AS n,
       CAST(CASE WHEN settled.id IS NOT NULL THEN settled.parameters ELSE otherwise.parameters END AS BIGINT)
           AS parameters
FROM settled FULL JOIN otherwise ON otherwise.id = settled.id
