SELECT entity, entity_type, country FROM facts('entities') WHERE holds(valid_from, valid_to)
