WITH spoken AS (SELECT DISTINCT id, language FROM model_languages WHERE language IS NOT NULL),
said AS (
    FROM spoken
    UNION ALL
    SELECT DISTINCT id, 'multilingual' FROM model_languages
    WHERE lower(value) IN ('multilingual', 'mul') AND id NOT IN (SELECT id FROM spoken)),
split AS (
    SELECT universe, period, id, downloads, language_applies, unnest(['country', 'entity', 'task']) AS dimension,
           unnest([country, entity, task]) AS value
    FROM counted WHERE EXISTS (FROM model_languages)),
wide AS (
    SELECT universe, period, dimension, value, CAST(sum(downloads) AS BIGINT) AS value_downloads
    FROM split WHERE language_applies GROUP BY universe, period, dimension, value),
cells AS (
    SELECT universe, period, dimension, coalesce(language, 'unknown') AS language, value,
           count(*) FILTER (language_applies) AS models, count(*) FILTER (NOT language_applies) AS others,
           known(models, sum(downloads) FILTER (language_applies)) AS downloads,
           known(others, sum(downloads) FILTER (NOT language_applies)) AS other_downloads
    FROM split LEFT JOIN said USING (id) WHERE language_applies OR language IS NOT NULL
    GROUP BY universe, period, dimension, coalesce(language, 'unknown'), value),
placed AS (
    SELECT *, dimension = 'entity' AND row_number() OVER (
               PARTITION BY universe, period, dimension, language
               ORDER BY downloads DESC, models + others DESC, value) > 50 AS is_rest
    FROM cells),
rowed AS (
    SELECT universe, period, dimension, language, is_rest, CASE WHEN is_rest THEN '' ELSE value END AS value,
           count(*) AS members, CAST(sum(models) AS BIGINT) AS models, CAST(sum(others) AS BIGINT) AS others,
           known(sum(models), sum(downloads) FILTER (models > 0)) AS downloads,
           known(sum(others), sum(other_downloads) FILTER (others > 0)) AS other_downloads
    FROM placed GROUP BY universe, period, dimension, language, is_rest, CASE WHEN is_rest THEN '' ELSE value END)
SELECT universe, period, dimension, rowed.language, name, is_rest,
       row_number() OVER (PARTITION BY universe, period, dimension, rowed.language
                          ORDER BY is_rest, downloads DESC, models + others DESC, value) AS rank,
       value, members, models, downloads, others AS elsewhere_models, other_downloads AS elsewhere_downloads,
       share(downloads, all_downloads) AS downloads_share,
       share(downloads, sum(downloads) OVER (PARTITION BY universe, period, dimension, rowed.language)) AS share_of_language,
       CASE WHEN NOT is_rest THEN share(downloads, value_downloads) END AS share_of_value
FROM rowed JOIN wholes USING (universe, period)
LEFT JOIN wide USING (universe, period, dimension, value)
LEFT JOIN facts('languages') AS named ON named.code = rowed.language
ORDER BY universe, period, dimension, rowed.language, is_rest, rank;
