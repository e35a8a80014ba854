SELECT account, entity FROM facts('accounts') WHERE holds(valid_from, valid_to)
