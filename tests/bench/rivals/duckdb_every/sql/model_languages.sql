SELECT * EXCLUDE (n) FROM languages_found
