SELECT universe, period, scheme, position, size_class, rank, other_part AS entity_type,
       models, downloads, downloads_share, share_of_class, share_of_other AS share_of_entity_type
FROM split_sizes(['entity_type'])
ORDER BY universe, period, scheme, position, rank;
