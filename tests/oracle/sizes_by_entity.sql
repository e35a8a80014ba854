SELECT universe, period, scheme, position, size_class, rank, entity, entity_type, country,
       models, downloads, downloads_share, share_of_class, share_of_other AS share_of_entity
FROM split_sizes(['entity']) JOIN entity_kinds ON entity = other_part
ORDER BY universe, period, scheme, position, rank;
