SELECT 'all' AS universe,
       row_number() OVER (ORDER BY CASE WHEN entity = 'unknown' THEN 1 ELSE 0 END, sum(upvotes) DESC NULLS LAST, entity) AS rank,
       entity, any_value(entity_type) AS entity_type, any_value(country) AS country, count(DISTINCT account) AS accounts,
       count(*) AS papers, share(count(*), (SELECT count(*) FROM papers)) AS papers_share,
       CAST(sum(upvotes) AS BIGINT) AS upvotes, share(sum(upvotes), (SELECT sum(upvotes) FROM papers)) AS upvotes_share
FROM papers GROUP BY entity
ORDER BY rank;
