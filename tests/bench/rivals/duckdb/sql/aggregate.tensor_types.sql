WITH found AS (
    SELECT * FROM each_universe('tensor_sums') WHERE (SELECT count(safetensors_parameters) FROM ingested) > 0),
sums AS (
    SELECT universe, period, tensor_type, CAST(sum(models) AS BIGINT) AS models,
           CAST(sum(downloads) AS BIGINT) AS downloads, CAST(sum(parameters) AS BIGINT) AS parameters
    FROM found GROUP BY universe, period, tensor_type),
known AS (
    SELECT universe, period, CAST(sum(models) AS BIGINT) AS known_models,
           CAST(sum(downloads) AS BIGINT) AS known_downloads
    FROM found WHERE first GROUP BY universe, period)
SELECT universe, period, tensor_type,
       row_number() OVER (PARTITION BY universe, period ORDER BY downloads DESC, tensor_type) AS rank,
       models, downloads, CASE WHEN tensor_type <> 'unknown' THEN parameters END AS parameters, share(downloads, all_downloads) AS downloads_share,
       CASE WHEN tensor_type <> 'unknown' THEN share(downloads, known_downloads) END AS share_of_known,
       CASE WHEN tensor_type <> 'unknown'
            THEN share(parameters, sum(parameters) OVER (PARTITION BY universe, period)) END AS parameters_share,
       coalesce(known_models, 0) AS known_models, coalesce(known_downloads, 0) AS known_downloads
FROM sums JOIN wholes USING (universe, period) LEFT JOIN known USING (universe, period)
ORDER BY universe, period, rank
