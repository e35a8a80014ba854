WITH descended AS (
    SELECT period, ancestor AS id, count(*) AS descendants, CAST(sum(downloads) AS BIGINT) AS descendants_downloads
    FROM ancestors JOIN counted USING (id) WHERE universe = 'all' AND id <> ancestor GROUP BY period, ancestor),
ranked AS (
    SELECT period, id, account, entity, country, relation, downloads, descendants, descendants_downloads,
           -- what is known of the two
           CASE WHEN coalesce(downloads, descendants_downloads) IS NOT NULL
                THEN coalesce(downloads, 0) + coalesce(descendants_downloads, 0) END AS impact,
           rank() OVER (PARTITION BY period ORDER BY impact DESC) AS impact_rank,
           rank() OVER (PARTITION BY period ORDER BY downloads DESC) AS own_rank
    FROM counted LEFT JOIN descended USING (period, id) WHERE universe = 'all')
SELECT period, impact_rank, own_rank, id, account, entity, country, relation, downloads, descendants,
       descendants_downloads, impact, share(descendants_downloads, downloads + descendants_downloads) AS descendants_share
FROM ranked WHERE descendants > 0
ORDER BY period, impact_rank, id;
