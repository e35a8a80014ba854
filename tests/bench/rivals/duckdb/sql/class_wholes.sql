SELECT universe, period, scheme, position, size_class, min_parameters, part_downloads
FROM (SELECT universe, period, scheme, position, CAST(sum(downloads) AS BIGINT) AS part_downloads
      FROM classed_places GROUP BY universe, period, scheme, position)
JOIN size_classes USING (scheme, position)
WHERE EXISTS (FROM model_rows WHERE parameters IS NOT NULL)
