-- A period is there if the snapshot has its counter at all.
SELECT universe, period
FROM (SELECT 'all_time' AS period FROM model_rows HAVING count(downloads_all_time) > 0
      UNION ALL SELECT 'last_30d' FROM model_rows HAVING count(downloads_30d) > 0)
CROSS JOIN (VALUES ('all'), ('top50')) AS u(universe)
