SELECT universe, period, task, rowid - before + 1 AS rank, * EXCLUDE (universe, period, task, before)
FROM task_entities_ranked
