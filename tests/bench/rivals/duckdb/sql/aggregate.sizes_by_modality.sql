WITH sums AS (
    SELECT universe, period, scheme, position, modality, CAST(sum(models) AS BIGINT) AS models,
           CAST(sum(downloads) AS BIGINT) AS downloads
    FROM classed_places GROUP BY universe, period, scheme, position, modality)
SELECT universe, period, scheme, position, size_class,
       row_number() OVER (PARTITION BY universe, period, scheme, position ORDER BY downloads DESC, modality) AS rank,
           modality,
       models, downloads, share(downloads, all_downloads) AS downloads_share,
       share(downloads, part_downloads) AS share_of_class,
       share(downloads, sum(downloads) OVER (PARTITION BY universe, period, scheme, modality)) AS share_of_modality
FROM sums JOIN wholes USING (universe, period) JOIN class_wholes USING (universe, period, scheme, position)
ORDER BY universe, period, scheme, position, rank
