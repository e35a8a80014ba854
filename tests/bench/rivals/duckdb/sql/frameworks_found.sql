SELECT DISTINCT n, id, framework
FROM (SELECT n, id, framework FROM said_by_tags WHERE framework IS NOT NULL
      UNION ALL
      SELECT i.n, i.id, w.framework FROM ingested AS i JOIN tag_words AS w ON w.tag = lower(trim(i.library))
      WHERE i.removed IS NOT TRUE AND w.framework IS NOT NULL)
ORDER BY n, framework
