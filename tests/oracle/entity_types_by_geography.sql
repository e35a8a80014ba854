SELECT universe, period, part AS entity_type, other AS level, other_part AS place, rank, entities, models, downloads,
       downloads_share, share_of_part AS share_of_type, share_of_other AS share_of_place
FROM split(['entity_type'], ['country', 'continent', 'eu'])
ORDER BY universe, period, entity_type, level, rank;
