-- From the lists of each snapshot, as each snapshot's own oracle has them.
WITH lists AS (SELECT snapshot_date, ranking, rank, id FROM kept.top_models SEMI JOIN dates USING (snapshot_date)),
months AS (
    SELECT unnest([30, 91, 182, 365]) AS asked, unnest([1, 3, 6, 12]) AS months),
-- who bears the id has been on the list
past AS (SELECT asked, months, days, lists.* FROM lists JOIN windows_compared ON previous_date = snapshot_date JOIN months USING (asked)
         WHERE how = 'nearest'),
now AS (FROM lists WHERE snapshot_date = getvariable('snapshot_date')),
here AS (SELECT id FROM models WHERE snapshot_date = getvariable('snapshot_date')),
lengths AS (SELECT unnest([10, 100, 1000]) AS size)
SELECT ranking, CAST(size AS BIGINT) AS first, CAST(months AS BIGINT) AS months, CAST(asked AS BIGINT) AS window_days,
       past.snapshot_date AS previous_date, days, count(*) AS previous_ranked,
       (SELECT count(*) FROM now WHERE now.ranking = past.ranking AND now.rank <= size) AS ranked,
       count(*) FILTER (EXISTS (FROM now WHERE now.ranking = past.ranking AND now.id = past.id AND now.rank <= size)) AS still_ranked,
       share(still_ranked, previous_ranked) AS still_ranked_share,
       count(*) FILTER (past.id NOT IN (FROM here)) AS gone,
       arg_min(past.id, past.rank) AS previous_leader,
       (SELECT rank FROM now WHERE now.ranking = past.ranking AND now.id = previous_leader) AS rank_of_previous_leader,
       (SELECT arg_min(id, rank) FROM now WHERE now.ranking = past.ranking) AS leader
FROM past, lengths WHERE rank <= size AND ranking IN (SELECT ranking FROM now)
GROUP BY ranking, size, past.months, past.asked, past.snapshot_date, days
ORDER BY ranking, first, months;
