-- Sorted once, with all that is written of a row: its place gives its rank. `before` is how many rows the groups
-- before its own have.
WITH groups AS (
    SELECT universe, period, CAST(coalesce(sum(count(*)) OVER up, 0) AS BIGINT) AS before
    FROM each_universe('account_sums') GROUP BY universe, period
    WINDOW up AS (ORDER BY universe, period ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING))
SELECT w.universe, w.period, g.before, a.account, a.entity, a.entity_type, a.country, r.models, r.downloads, r.likes,
       share(r.downloads, all_downloads) AS downloads_share,
       share(r.downloads, CASE w.period WHEN 'all_time' THEN e.all_time ELSE e.last_30d END) AS share_of_entity
FROM each_universe('account_sums') AS r JOIN wholes AS w USING (universe, period)
JOIN groups AS g USING (universe, period)
JOIN (SELECT account_no, account, entity, entity_type, country FROM accounts_found) AS a USING (account_no)
JOIN (SELECT entity_no, all_time, last_30d FROM entity_sums) AS e USING (entity_no)
ORDER BY w.universe, w.period, r.downloads DESC, r.account_no
