SELECT universe, period, scheme, position, size_class, rank, other_part AS task,
       models, downloads, downloads_share, share_of_class, share_of_other AS share_of_task
FROM split_sizes(['task'])
ORDER BY universe, period, scheme, position, rank;
