SELECT * EXCLUDE (n) FROM frameworks_found
