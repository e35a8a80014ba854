SELECT universe, period, scheme, position, size_class, rowid - before + 1 AS rank,
       * EXCLUDE (universe, period, scheme, position, size_class, before, group_no)
FROM class_entities_ranked
