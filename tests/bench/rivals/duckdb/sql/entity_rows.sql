SELECT * FROM each_universe('entity_sums')
