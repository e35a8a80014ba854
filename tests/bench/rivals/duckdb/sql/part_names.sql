SELECT part, row_number() OVER (ORDER BY part) AS part_no
FROM (SELECT modality AS part FROM kinds UNION SELECT task FROM kinds UNION SELECT size_class FROM size_classes)
