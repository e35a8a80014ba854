-- The rows of large classes, in the order in which they stand already.
SELECT r.universe, r.period, r.scheme, r.position, r.size_class, g.before_large, g.downloads_before_large,
       r.entity, r.entity_type, r.country, r.models, r.downloads, r.downloads_share, r.share_of_class, g.part_downloads
FROM (SELECT rowid AS place, * FROM class_entities_ranked) AS r
JOIN (SELECT group_no, before_large, downloads_before_large, part_downloads FROM class_groups
      WHERE min_parameters >= getvariable('min_parameters')) AS g USING (group_no)
ORDER BY r.place
