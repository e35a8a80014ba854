-- In whole numbers: both gains are over the same distance, so that the follower has caught up after
-- gap * distance / closing days.
WITH neighbours AS (
    SELECT period, unit, scheme, size_class, a.rank, a.name AS leader, a.entity AS leader_entity,
           b.name AS follower, b.entity AS follower_entity,
           a.downloads, b.downloads AS follower_downloads, a.downloads - b.downloads AS gap,
           a.gained_per_day, b.gained_per_day AS follower_gained_per_day,
           a.days AS observed_days, b.gained AS follower_gained, b.gained - a.gained AS closing
    FROM momentum AS a JOIN momentum AS b USING (period, unit, scheme, size_class)
    WHERE b.rank = a.rank + 1 AND a.rank <= getvariable('places') AND size_class <> 'unknown'),
flips AS (   -- who is level today passes tomorrow
    SELECT *, greatest(1, CAST((gap * observed_days + closing - 1) // closing AS BIGINT)) AS days
    FROM neighbours WHERE closing > 0)
SELECT period, unit, scheme, size_class, rank, leader, leader_entity, follower, follower_entity,
       downloads, follower_downloads, gap, observed_days, gained_per_day, follower_gained_per_day, days,
       CAST(getvariable('snapshot_date') + CAST(days AS INTEGER) AS DATE) AS crossover_date
FROM flips
WHERE days <= getvariable('horizon_days') AND follower_downloads * observed_days + follower_gained * days >= 0
ORDER BY period, unit, scheme, size_class, rank;
