-- How many models of a year have how many parameters, and those that do not say.
SELECT year, parameters, in_all_time, in_last_30d, count(*) AS models,
       CAST(sum(all_time) AS BIGINT) AS all_time, CAST(sum(last_30d) AS BIGINT) AS last_30d
FROM counted GROUP BY year, parameters, in_all_time, in_last_30d
