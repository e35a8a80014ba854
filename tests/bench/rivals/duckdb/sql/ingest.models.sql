SELECT * EXCLUDE (n) FROM ingested
