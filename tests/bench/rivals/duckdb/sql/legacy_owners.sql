SELECT id, account FROM facts('legacy_owners') WHERE kind = 'models'
