SELECT m.* EXCLUDE (n, account_no, entity_no, kind_no, fine_no, coarse_no, large_no),
       coalesce(f.frameworks, []) AS frameworks
FROM model_rows AS m
LEFT JOIN (SELECT n, list(framework ORDER BY framework) AS frameworks FROM frameworks_found GROUP BY n) AS f USING (n)
