WITH asked AS (
    SELECT counted.*, size_class_large AS size, coalesce(listed.commercial_use, 'unknown') AS commercial_use,
           CASE WHEN lower(trim(gated)) IN ('auto', 'false', 'manual', 'true') THEN lower(trim(gated)) ELSE 'unknown' END
               AS is_gated
    FROM counted JOIN (SELECT id, gated FROM owned) USING (id)
    LEFT JOIN facts('licenses') AS listed ON listed.license = counted.license),
sums AS (
    SELECT universe, period, license_family, commercial_use, is_gated AS gated, size AS size_class, count(*) AS models,
           CAST(sum(downloads) AS BIGINT) AS downloads
    FROM asked GROUP BY ALL)
SELECT universe, period, row_number() OVER (
           PARTITION BY universe, period
           ORDER BY downloads DESC, license_family, commercial_use, gated, size_class) AS rank,
       license_family, commercial_use, gated, size_class, models, downloads,
       share(downloads, all_downloads) AS downloads_share, share(models, all_models) AS models_share,
       share(downloads, sum(downloads) OVER (PARTITION BY universe, period, size_class)) AS share_of_size_class
FROM sums JOIN wholes USING (universe, period)
ORDER BY universe, period, rank;
