-- Before the wide rows are dropped: the tags and headers, which tell families.
SELECT id, tags, gguf_architecture FROM ingested WHERE removed IS NOT TRUE
