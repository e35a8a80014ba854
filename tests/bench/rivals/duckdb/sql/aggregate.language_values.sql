WITH sums AS (
    SELECT universe, period, value, language, CAST(sum(models) AS BIGINT) AS models,
           CAST(sum(models_by_card) AS BIGINT) AS models_by_card, CAST(sum(downloads) AS BIGINT) AS downloads
    FROM each_universe('language_value_sums') GROUP BY universe, period, value, language)
SELECT universe, period, value, sums.language IS NOT NULL AS is_code, sums.language, name,
       row_number() OVER (PARTITION BY universe, period ORDER BY downloads DESC, value) AS rank,
       models, models_by_card, downloads, share(downloads, all_downloads) AS downloads_share
FROM sums JOIN wholes USING (universe, period) LEFT JOIN language_codes AS named ON named.code = sums.language
ORDER BY universe, period, rank
