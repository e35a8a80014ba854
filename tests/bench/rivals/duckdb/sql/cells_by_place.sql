FROM each_universe('place_cells')
