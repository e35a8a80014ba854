SELECT * RENAME (part AS place) FROM parts_changed(['country', 'continent', 'eu'])
ORDER BY universe, period, attribution, level, rank;
