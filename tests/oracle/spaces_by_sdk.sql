SELECT 'all' AS universe, row_number() OVER (ORDER BY count(*) DESC, sdk) AS rank, sdk, count(*) AS spaces,
       share(count(*), (SELECT count(*) FROM spaces)) AS spaces_share, count(DISTINCT account) AS accounts,
       count(*) FILTER (getvariable('snapshot_date') - CAST(created_at AS DATE) BETWEEN 0 AND 364) AS recent_spaces,
       CAST(sum(likes) AS BIGINT) AS likes, share(sum(likes), (SELECT sum(likes) FROM spaces)) AS likes_share
FROM spaces GROUP BY sdk
ORDER BY rank;
