WITH sums AS (
    SELECT universe, period, value, any_value(language) AS language, count(*) AS models,
           count(*) FILTER (origin = 'card') AS models_by_card, CAST(sum(downloads) AS BIGINT) AS downloads
    FROM counted JOIN model_languages USING (id) GROUP BY universe, period, value)
SELECT universe, period, value, sums.language IS NOT NULL AS is_code, sums.language, name,
       row_number() OVER (PARTITION BY universe, period ORDER BY downloads DESC, value) AS rank,
       models, models_by_card, downloads, share(downloads, all_downloads) AS downloads_share
FROM sums JOIN wholes USING (universe, period) LEFT JOIN facts('languages') AS named ON named.code = sums.language
ORDER BY universe, period, rank;
