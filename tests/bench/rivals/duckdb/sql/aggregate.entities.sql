SELECT universe, period, rowid - before + 1 AS rank, entity, entity_type, country, accounts, models, downloads, likes,
       share(downloads, all_downloads) AS downloads_share,
       share(sum(downloads) OVER (ROWS UNBOUNDED PRECEDING) - downloads_before, all_downloads) AS cumulative_share
FROM entities_ranked
