SELECT universe, period, scheme, position, size_class, rank, other_part AS modality,
       models, downloads, downloads_share, share_of_class, share_of_other AS share_of_modality
FROM split_sizes(['modality'])
ORDER BY universe, period, scheme, position, rank;
