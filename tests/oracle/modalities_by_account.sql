SELECT universe, period, part AS modality, rank, account, entity_type, country, models, downloads, downloads_share,
       share_of_part AS share_of_modality, share_of_other AS share_of_account
FROM split(['modality'], ['account']) JOIN accounts_normalized ON account = other_part
ORDER BY universe, period, modality, rank;
