-- Sorted once, with all that is written of a row: its place gives its rank. `before` is how many rows the groups
-- before its own have.
SELECT g.universe, g.period, g.scheme, g.position, g.size_class, g.before, entity, entity_type, country,
       c.models, c.downloads, share(c.downloads, all_downloads) AS downloads_share,
       share(c.downloads, part_downloads) AS share_of_class,
       share(c.downloads, CASE g.period WHEN 'all_time' THEN u.all_time ELSE u.last_30d END) AS share_of_entity,
       g.group_no
FROM each_universe('class_entities') AS c JOIN class_groups AS g USING (universe, period, scheme, position)
JOIN (SELECT entity_no, entity, entity_type, country, all_time, last_30d FROM entity_sums) AS u USING (entity_no)
ORDER BY g.group_no, c.downloads DESC, entity_no
