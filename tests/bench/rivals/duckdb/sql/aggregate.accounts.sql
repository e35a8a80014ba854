SELECT universe, period, rowid - before + 1 AS rank, * EXCLUDE (universe, period, before) FROM accounts_ranked
