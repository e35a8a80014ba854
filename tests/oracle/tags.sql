WITH borne AS (SELECT DISTINCT id, unnest(tags) AS tag FROM owned),
prefixed AS (
    SELECT tag, count(*) AS bearers,
           CASE WHEN NOT contains(tag, ':') THEN 'bare'
                WHEN string_split(tag, ':')[1] IN ('arxiv', 'base_model', 'dataset', 'deploy', 'diffusers', 'doi',
                                                   'license', 'loss', 'region', 'template')
                THEN string_split(tag, ':')[1] ELSE 'other' END AS prefix
    FROM borne SEMI JOIN models USING (id) WHERE trim(tag) <> '' GROUP BY tag),
-- The 5,000 that most models bear, and all others as one.
rowed AS (
    SELECT tag, prefix, row_number() OVER (PARTITION BY prefix ORDER BY bearers DESC, tag) > 5000 AS is_rest
    FROM prefixed),
bearing AS (
    SELECT universe, period, id, downloads, coalesce(prefix, 'none') AS prefix, coalesce(is_rest, false) AS is_rest,
           CASE WHEN is_rest IS NOT FALSE THEN '' ELSE rowed.tag END AS tag, rowed.tag AS word
    FROM counted LEFT JOIN (FROM borne JOIN rowed USING (tag)) AS rowed USING (id)
    WHERE EXISTS (FROM rowed)),
once AS (
    SELECT universe, period, prefix, is_rest, tag, id, any_value(downloads) AS downloads, count(word) AS uses
    FROM bearing GROUP BY ALL),
sums AS (
    SELECT universe, period, prefix, is_rest, tag, CAST(sum(uses) AS BIGINT) AS uses, count(*) AS models,
           CAST(sum(downloads) AS BIGINT) AS downloads
    FROM once GROUP BY universe, period, prefix, is_rest, tag),
words AS (
    SELECT universe, period, prefix, is_rest, tag, count(DISTINCT word) AS tags
    FROM bearing GROUP BY universe, period, prefix, is_rest, tag)
SELECT universe, period, prefix, is_rest,
       row_number() OVER (PARTITION BY universe, period, prefix ORDER BY is_rest, downloads DESC, tag) AS rank, tag,
       CASE WHEN prefix IN ('bare', 'other', 'none') THEN tag ELSE substring(tag, length(prefix) + 2) END AS value,
       tags, uses, models, downloads, share(downloads, all_downloads) AS downloads_share,
       share(models, all_models) AS models_share
FROM sums JOIN words USING (universe, period, prefix, is_rest, tag) JOIN wholes USING (universe, period)
ORDER BY universe, period, prefix, is_rest, rank;
