-- Each size class of each universe and period, with how many rows and downloads the groups before it have.
SELECT universe, period, scheme, position, size_class, min_parameters, part_downloads, all_downloads,
       row_number() OVER o AS group_no,
       CAST(coalesce(sum(rows) OVER up, 0) AS BIGINT) AS before,
       CAST(coalesce(sum(CASE WHEN large THEN rows END) OVER up, 0) AS BIGINT) AS before_large,
       CAST(coalesce(sum(CASE WHEN large THEN part_downloads END) OVER up, 0) AS BIGINT) AS downloads_before_large
FROM (SELECT *, coalesce(min_parameters >= getvariable('min_parameters'), false) AS large
      FROM (SELECT universe, period, scheme, position, count(*) AS rows FROM each_universe('class_entities')
            GROUP BY universe, period, scheme, position)
      JOIN class_wholes USING (universe, period, scheme, position) JOIN wholes USING (universe, period))
WINDOW o AS (ORDER BY universe, period, scheme, position), up AS (o ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
