-- The two hundred most downloaded of all time, or of the last 30 days if that is all there is.
WITH leaders AS (
    SELECT entity, row_number() OVER (ORDER BY sum(downloads) DESC, entity) AS rank FROM counted
    WHERE universe = 'all' AND period = (SELECT min(period) FROM counted)
    GROUP BY entity QUALIFY rank <= 200),
made AS (
    SELECT kind, coalesce(rank, 201) AS rank, CASE WHEN rank IS NULL THEN '' ELSE entity END AS entity,
           CASE WHEN rank IS NOT NULL THEN entity_type END AS entity_type,
           CASE WHEN rank IS NOT NULL THEN country END AS country, rank IS NULL AS is_rest,
           coalesce(strftime(created_at, '%Y-%m-%d'), 'unknown') AS day
    FROM made_of_all_kinds LEFT JOIN leaders USING (entity)
    WHERE kind IN ('models', 'datasets', 'spaces') AND EXISTS (FROM counted))
SELECT kind, rank, entity, any_value(entity_type) AS entity_type, any_value(country) AS country, is_rest, day,
       count(*) AS new
FROM made GROUP BY kind, rank, entity, is_rest, day
ORDER BY kind, rank, entity, is_rest, day;
