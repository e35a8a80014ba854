-- What each entity has, with its place by the downloads of either period. A null counter of one model counts 0.
WITH sums AS (
    SELECT entity_no, count(*) AS models, CAST(sum(coalesce(likes, 0)) AS BIGINT) AS likes,
           CAST(sum(coalesce(downloads_all_time, 0)) AS BIGINT) AS all_time,
           CAST(sum(coalesce(downloads_30d, 0)) AS BIGINT) AS last_30d,
           CAST(min(created_at) AS DATE) AS first_created, CAST(max(created_at) AS DATE) AS last_created,
           -- the model first by downloads, then by id: larger downloads, then a smaller number, in one number
           max(CAST(coalesce(downloads_all_time, 0) AS HUGEINT) * 4294967296 + (4294967295 - n)) AS top_all_time,
           max(CAST(coalesce(downloads_30d, 0) AS HUGEINT) * 4294967296 + (4294967295 - n)) AS top_last_30d
    FROM model_rows GROUP BY entity_no),
names AS (
    SELECT entity_no, any_value(entity) AS entity, any_value(entity_type) AS entity_type,
           any_value(country) AS country, any_value(continent) AS continent, any_value(eu_group) AS eu_group,
           count(*) AS accounts
    FROM accounts_found GROUP BY entity_no)
SELECT *, row_number() OVER (ORDER BY all_time DESC, entity_no) <= 50 AS in_all_time,
       row_number() OVER (ORDER BY last_30d DESC, entity_no) <= 50 AS in_last_30d
FROM sums JOIN names USING (entity_no)
