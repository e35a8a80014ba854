WITH sums AS (
    SELECT universe, period, architecture, count(*) AS models, CAST(sum(downloads) AS BIGINT) AS downloads,
           count(*) FILTER (modality = 'NLP') AS in_nlp_models,
           known(count(*) FILTER (modality = 'NLP'), sum(downloads) FILTER (modality = 'NLP')) AS in_nlp_downloads
    FROM counted GROUP BY universe, period, architecture)
SELECT universe, period, architecture,
       row_number() OVER (PARTITION BY universe, period ORDER BY downloads DESC, architecture) AS rank,
       models, downloads, share(downloads, all_downloads) AS downloads_share,
       share(in_nlp_downloads, sum(in_nlp_downloads) OVER (PARTITION BY universe, period)) AS share_of_nlp,
       in_nlp_models, in_nlp_downloads
FROM sums JOIN wholes USING (universe, period)
ORDER BY universe, period, rank;
