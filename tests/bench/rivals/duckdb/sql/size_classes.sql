-- Unknown is the last class of each scheme.
WITH listed AS (
    SELECT scheme, CAST(position AS BIGINT) AS position, size_class,
           CAST(min_parameters AS BIGINT) AS min_parameters,
           coalesce(CAST(max_parameters AS BIGINT), 9223372036854775807) AS max_parameters
    FROM facts('size_classes'))
SELECT * FROM listed
UNION ALL SELECT scheme, max(position) + 1, 'unknown', NULL, NULL FROM listed GROUP BY scheme
