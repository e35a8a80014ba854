SELECT id, account FROM facts('legacy_owners')
