-- The few cells under the classes of both schemes.
SELECT universe, period, 'fine' AS scheme, CAST(fine_no AS BIGINT) AS position, * EXCLUDE (universe, period)
FROM cells_by_place
UNION ALL SELECT universe, period, 'coarse', coarse_no, * EXCLUDE (universe, period) FROM cells_by_place
