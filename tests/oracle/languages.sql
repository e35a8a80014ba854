-- Two values of one model may be codes of the same language: en, eng.
WITH spoken AS (SELECT DISTINCT id, language FROM model_languages WHERE language IS NOT NULL),
-- Models that say that they have several, and not which.
multilingual AS (
    SELECT DISTINCT id, 'multilingual' AS language FROM model_languages
    WHERE lower(value) IN ('multilingual', 'mul') AND id NOT IN (SELECT id FROM spoken)),
said AS (FROM spoken UNION ALL FROM multilingual),
sums AS (
    SELECT universe, period, coalesce(language, 'unknown') AS language,
           count(*) FILTER (language_applies) AS models,
           known(models, sum(downloads) FILTER (language_applies)) AS downloads,
           count(*) FILTER (NOT language_applies) AS elsewhere_models,
           known(elsewhere_models, sum(downloads) FILTER (NOT language_applies)) AS elsewhere_downloads
    FROM counted LEFT JOIN said USING (id) WHERE language_applies OR language IS NOT NULL
    GROUP BY universe, period, coalesce(language, 'unknown')),
totals AS (
    SELECT universe, period, count(*) AS applicable_models, CAST(sum(downloads) AS BIGINT) AS applicable_downloads,
           count(*) FILTER (states) AS stated_models,
           known(stated_models, sum(downloads) FILTER (states)) AS stated_downloads
    FROM (SELECT *, id IN (SELECT id FROM spoken) AS states FROM counted WHERE language_applies)
    GROUP BY universe, period)
SELECT universe, period, sums.language, name, macrolanguage,
       row_number() OVER (PARTITION BY universe, period ORDER BY downloads DESC, sums.language) AS rank,
       models, downloads, share(downloads, all_downloads) AS downloads_share,
       share(downloads, applicable_downloads) AS share_of_applicable,
       CASE WHEN sums.language NOT IN ('multilingual', 'unknown') THEN share(downloads, stated_downloads) END
           AS share_of_stated,
       applicable_models, applicable_downloads, stated_models, stated_downloads,
       elsewhere_models, elsewhere_downloads
FROM sums JOIN wholes USING (universe, period) JOIN totals USING (universe, period)
LEFT JOIN facts('languages') AS named ON named.code = sums.language
WHERE EXISTS (FROM model_languages)
ORDER BY universe, period, rank;
