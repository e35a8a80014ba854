SELECT universe, period, part AS modality, other AS level, other_part AS place, rank, models, downloads,
       downloads_share, share_of_part AS share_of_modality, share_of_other AS share_of_place
FROM split(['modality'], ['country', 'continent', 'eu'])
ORDER BY universe, period, modality, level, rank;
