SELECT * EXCLUDE (attribution, level) RENAME (part AS library) FROM parts_changed(['library']) WHERE stated_of_both('library')
ORDER BY universe, period, rank;
