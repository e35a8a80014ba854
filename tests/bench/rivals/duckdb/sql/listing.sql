-- What the snapshot is of: the same in all of its rows.
SELECT source, coverage FROM ingested LIMIT 1
