SELECT * EXCLUDE (attribution, level) RENAME (part AS task) FROM parts_changed(['task']) WHERE stated_of_both('task')
ORDER BY universe, period, rank;
