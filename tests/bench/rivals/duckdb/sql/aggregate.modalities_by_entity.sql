SELECT universe, period, modality, rowid - before + 1 AS rank, * EXCLUDE (universe, period, modality, before)
FROM modality_entities_ranked
