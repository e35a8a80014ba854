SELECT universe, period, part AS task, rank, entity, entity_type, country, models, downloads, downloads_share,
       share_of_part AS share_of_task, share_of_other AS share_of_entity
FROM split(['task'], ['entity']) JOIN entity_kinds ON entity = other_part
ORDER BY universe, period, task, rank;
