-- Sorted once, with all that is written of a row: its place gives its rank. `before` is how many rows the groups
-- before its own have.
WITH groups AS (
    SELECT *, row_number() OVER o AS group_no,
           coalesce(sum(rows) OVER (o ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
    FROM (SELECT universe, period, modality, count(*) AS rows
        FROM each_universe('modality_accounts') GROUP BY universe, period, modality)
    JOIN modality_wholes USING (universe, period, modality) JOIN wholes USING (universe, period)
    WINDOW o AS (ORDER BY universe, period, modality))
SELECT g.universe, g.period, g.modality, CAST(g.before AS BIGINT) AS before, account, entity_type, country,
       c.models, c.downloads, share(c.downloads, all_downloads) AS downloads_share,
       share(c.downloads, part_downloads) AS share_of_modality,
       share(c.downloads, CASE g.period WHEN 'all_time' THEN u.all_time ELSE u.last_30d END) AS share_of_account
FROM each_universe('modality_accounts') AS c JOIN groups AS g USING (universe, period, modality)
JOIN (SELECT account_no, account, entity_type, country FROM accounts_found) AS a USING (account_no)
JOIN (SELECT account_no, all_time, last_30d FROM account_sums) AS u USING (account_no)
ORDER BY g.group_no, c.downloads DESC, account_no
