WITH years AS (
    SELECT kind, year(created_at) AS number, entity, any_value(entity_type) AS entity_type, any_value(country) AS country,
           count(*) AS new
    FROM made_of_all_kinds GROUP BY kind, number, entity),
compared AS (
    SELECT years.*, coalesce(CAST(years.number AS VARCHAR), 'unknown') AS year,
           CASE WHEN years.number IS NOT NULL THEN coalesce(before.new, 0) END AS new_before
    FROM years LEFT JOIN years AS before
      ON before.kind = years.kind AND before.entity = years.entity AND before.number = years.number - 1)
SELECT kind, year, row_number() OVER (PARTITION BY kind, year ORDER BY new DESC, entity) AS rank,
       entity, entity_type, country, new, new_before,
       -- 2022 stands for all years before it, too
       CASE WHEN number > 2023 THEN share(new, new_before) END AS factor,
       CAST(sum(new) OVER (PARTITION BY kind, entity ORDER BY year) AS BIGINT) AS cumulative,
       share(new, sum(new) OVER (PARTITION BY kind, year)) AS new_share,
       number < year(getvariable('snapshot_date')) AS complete
FROM compared
ORDER BY kind, year, rank;
