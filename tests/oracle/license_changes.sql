SELECT * EXCLUDE (attribution, level) RENAME (part AS license) FROM parts_changed(['license']) WHERE stated_of_both('license')
ORDER BY universe, period, rank;
