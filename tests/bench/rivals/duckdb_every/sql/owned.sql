-- Before the wide rows are dropped: the tags, which tell families.
SELECT id, tags FROM ingested WHERE removed IS NOT TRUE
