WITH descended AS (
    SELECT period, ancestor AS id, count(*) AS descendants, CAST(sum(downloads) AS BIGINT) AS descendants_downloads
    FROM ancestors JOIN counted USING (id) WHERE universe = 'hub' AND id <> ancestor GROUP BY period, ancestor),
ranked AS (
    SELECT period, id, account, entity, country, relation, downloads, descendants, descendants_downloads,
           downloads + coalesce(descendants_downloads, 0) AS impact,
           rank() OVER (PARTITION BY period ORDER BY impact DESC) AS impact_rank,
           rank() OVER (PARTITION BY period ORDER BY downloads DESC) AS own_rank
    FROM counted LEFT JOIN descended USING (period, id) WHERE universe = 'hub')
SELECT period, impact_rank, own_rank, id, account, entity, country, relation, downloads, descendants,
       descendants_downloads, impact, share(descendants_downloads, impact) AS descendants_share
FROM ranked WHERE descendants > 0
ORDER BY period, impact_rank, id;
