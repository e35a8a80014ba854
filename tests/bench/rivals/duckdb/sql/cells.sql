-- What models of one account, task and size class have together: what all breakdowns add up but those by words of which
-- a model may have several.
SELECT account_no, entity_no, kind_no, fine_no, coarse_no, in_all_time, in_last_30d, count(*) AS models,
       CAST(sum(all_time) AS BIGINT) AS all_time, CAST(sum(last_30d) AS BIGINT) AS last_30d,
       CAST(sum(likes) AS BIGINT) AS likes
FROM counted GROUP BY account_no, entity_no, kind_no, fine_no, coarse_no, in_all_time, in_last_30d
