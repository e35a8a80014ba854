SELECT * EXCLUDE (n) FROM parents_found
