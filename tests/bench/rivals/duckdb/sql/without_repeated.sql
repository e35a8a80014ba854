DELETE FROM sorted WHERE rowid IN (SELECT n FROM repeated)
