-- Sorted once, with all that is written of a row: its place gives its rank. `before` is how many rows the groups
-- before its own have.
WITH groups AS (
    SELECT *, row_number() OVER o AS group_no,
           coalesce(sum(rows) OVER (o ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
    FROM (SELECT universe, period, task, count(*) AS rows FROM each_universe('task_entities') GROUP BY universe,
        period, task)
    JOIN task_wholes USING (universe, period, task) JOIN wholes USING (universe, period)
    WINDOW o AS (ORDER BY universe, period, task))
SELECT g.universe, g.period, g.task, CAST(g.before AS BIGINT) AS before, entity, entity_type, country,
       c.models, c.downloads, share(c.downloads, all_downloads) AS downloads_share,
       share(c.downloads, part_downloads) AS share_of_task,
       share(c.downloads, CASE g.period WHEN 'all_time' THEN u.all_time ELSE u.last_30d END) AS share_of_entity
FROM each_universe('task_entities') AS c JOIN groups AS g USING (universe, period, task)
JOIN (SELECT entity_no, entity, entity_type, country, all_time, last_30d FROM entity_sums) AS u USING (entity_no)
ORDER BY g.group_no, c.downloads DESC, entity_no
