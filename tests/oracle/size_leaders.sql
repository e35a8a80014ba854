SELECT universe, period, scheme, position, size_class, rank, entity, entity_type, country,
       models, downloads, downloads_share, share_of_class,
       share(sum(downloads) OVER (class ORDER BY rank), sum(downloads) OVER class) AS cumulative_share
FROM split_sizes(['entity']) JOIN entity_kinds ON entity = other_part
WHERE min_parameters >= getvariable('min_parameters')
WINDOW class AS (PARTITION BY universe, period, scheme, size_class)
ORDER BY universe, period, scheme, position, rank;
