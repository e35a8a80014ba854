SELECT universe, period, scheme, position, size_class, other AS level, rank, other_part AS place,
       models, downloads, downloads_share, share_of_class, share_of_other AS share_of_place
FROM split_sizes(['country', 'continent', 'eu'])
ORDER BY universe, period, scheme, position, level, rank;
