-- Sorted once, with all that is written of a row: its place gives its rank. `before` is how many rows the groups
-- before its own have.
WITH groups AS (
    SELECT *, CAST(coalesce(sum(rows) OVER up, 0) AS BIGINT) AS before,
           CAST(coalesce(sum(downloads) OVER up, 0) AS BIGINT) AS downloads_before
    FROM (SELECT universe, period, count(*) AS rows, CAST(sum(downloads) AS BIGINT) AS downloads
          FROM each_universe('entity_sums') GROUP BY universe, period)
    WINDOW up AS (ORDER BY universe, period ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING))
SELECT w.universe, w.period, w.all_downloads, g.before, g.downloads_before, e.entity_no, e.entity, e.entity_type,
       e.country, e.accounts, e.models, e.likes, e.downloads
FROM each_universe('entity_sums') AS e JOIN wholes AS w USING (universe, period)
JOIN (SELECT universe, period, before, downloads_before FROM groups) AS g USING (universe, period)
ORDER BY w.universe, w.period, e.downloads DESC, e.entity_no
