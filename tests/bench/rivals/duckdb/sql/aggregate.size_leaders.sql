SELECT universe, period, scheme, position, size_class, rowid - before_large + 1 AS rank, entity, entity_type, country,
       models, downloads, downloads_share, share_of_class,
       share(sum(downloads) OVER (ROWS UNBOUNDED PRECEDING) - downloads_before_large, part_downloads)
           AS cumulative_share
FROM size_leaders_ranked
