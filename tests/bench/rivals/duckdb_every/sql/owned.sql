-- Before the wide rows are dropped: tags, headers, which tell families, and who is gated.
SELECT id, tags, gguf_architecture, gated FROM ingested WHERE removed IS NOT TRUE
