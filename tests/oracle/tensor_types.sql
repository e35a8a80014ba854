WITH entries AS (
    SELECT id, split_part(entry, '=', 1) AS tensor_type, CAST(split_part(entry, '=', 2) AS BIGINT) AS elements
    FROM (SELECT id, unnest(safetensors_parameters) AS entry FROM owned)
    WHERE CAST(split_part(entry, '=', 2) AS BIGINT) > 0),
typed AS (
    SELECT universe, period, id, downloads, coalesce(tensor_type, 'unknown') AS tensor_type,
           elements
    FROM counted LEFT JOIN entries USING (id)
    WHERE (SELECT count(safetensors_parameters) FROM ingest) > 0),
sums AS (
    SELECT universe, period, tensor_type, count(*) AS models, CAST(sum(downloads) AS BIGINT) AS downloads,
           CAST(sum(elements) AS BIGINT) AS parameters
    FROM typed GROUP BY universe, period, tensor_type),
known AS (
    SELECT universe, period, count(*) FILTER (typed) AS known_models,
           known(known_models, sum(downloads) FILTER (typed)) AS known_downloads
    FROM (SELECT *, id IN (SELECT id FROM entries) AS typed FROM counted) GROUP BY universe, period)
SELECT universe, period, tensor_type,
       row_number() OVER (PARTITION BY universe, period ORDER BY downloads DESC, tensor_type) AS rank,
       models, downloads, parameters, share(downloads, all_downloads) AS downloads_share,
       CASE WHEN tensor_type <> 'unknown' THEN share(downloads, known_downloads) END AS share_of_known,
       share(parameters, sum(parameters) OVER (PARTITION BY universe, period)) AS parameters_share,
       known_models, known_downloads
FROM sums JOIN wholes USING (universe, period) JOIN known USING (universe, period)
ORDER BY universe, period, rank;
