-- Models whose size is no more than the number in their name, by size class.
SELECT fine_no, coarse_no, in_all_time, in_last_30d, count(*) AS models, CAST(sum(all_time) AS BIGINT) AS all_time,
       CAST(sum(last_30d) AS BIGINT) AS last_30d
FROM counted WHERE by_name GROUP BY fine_no, coarse_no, in_all_time, in_last_30d
