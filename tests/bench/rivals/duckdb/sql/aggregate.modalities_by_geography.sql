WITH sums AS (
    SELECT universe, period, modality, level, place, CAST(sum(models) AS BIGINT) AS models,
           CAST(sum(downloads) AS BIGINT) AS downloads
    FROM (SELECT 'country' AS level, country AS place, * FROM cells_by_place
          UNION ALL SELECT 'continent', continent, * FROM cells_by_place
          UNION ALL SELECT 'eu', eu_group, * FROM cells_by_place)
    GROUP BY universe, period, modality, level, place)
SELECT universe, period, modality, level, place,
       row_number() OVER (PARTITION BY universe, period, modality, level ORDER BY downloads DESC, place) AS rank,
       models, downloads, share(downloads, all_downloads) AS downloads_share,
       share(downloads, sum(downloads) OVER (PARTITION BY universe, period, modality, level)) AS share_of_modality,
       share(downloads, sum(downloads) OVER (PARTITION BY universe, period, level, place)) AS share_of_place
FROM sums JOIN wholes USING (universe, period)
ORDER BY universe, period, modality, level, rank
