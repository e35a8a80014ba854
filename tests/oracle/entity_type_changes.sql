SELECT * EXCLUDE (level) RENAME (part AS entity_type) FROM parts_changed(['entity_type'])
ORDER BY universe, period, attribution, rank;
