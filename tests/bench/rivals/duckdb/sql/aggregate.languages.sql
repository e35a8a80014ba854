WITH sums AS (
    SELECT universe, period, language,
           CAST(coalesce(sum(models) FILTER (language_applies), 0) AS BIGINT) AS models,
           CAST(coalesce(sum(downloads) FILTER (language_applies), 0) AS BIGINT) AS downloads,
           CAST(coalesce(sum(models) FILTER (NOT language_applies), 0) AS BIGINT) AS elsewhere_models,
           CAST(coalesce(sum(downloads) FILTER (NOT language_applies), 0) AS BIGINT) AS elsewhere_downloads
    FROM each_universe('language_sums') GROUP BY universe, period, language),
totals AS (
    SELECT universe, period, CAST(sum(models) AS BIGINT) AS applicable_models,
           CAST(sum(downloads) AS BIGINT) AS applicable_downloads,
           CAST(coalesce(sum(models) FILTER (states_language), 0) AS BIGINT) AS stated_models,
           CAST(coalesce(sum(downloads) FILTER (states_language), 0) AS BIGINT) AS stated_downloads
    FROM each_universe('applicable_sums') GROUP BY universe, period)
SELECT universe, period, sums.language, name, macrolanguage,
       row_number() OVER (PARTITION BY universe, period ORDER BY downloads DESC, sums.language) AS rank,
       models, downloads, share(downloads, all_downloads) AS downloads_share,
       share(downloads, applicable_downloads) AS share_of_applicable,
       CASE WHEN sums.language NOT IN ('multilingual', 'unknown') THEN share(downloads, stated_downloads) END
           AS share_of_stated,
       applicable_models, applicable_downloads, stated_models, stated_downloads,
       elsewhere_models, elsewhere_downloads
FROM sums JOIN wholes USING (universe, period) JOIN totals USING (universe, period)
LEFT JOIN language_codes AS named ON named.code = sums.language
WHERE EXISTS (FROM languages_found)
ORDER BY universe, period, rank
