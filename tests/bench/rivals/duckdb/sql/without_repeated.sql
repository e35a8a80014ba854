UPDATE sorted SET again = true WHERE rowid IN (SELECT n FROM repeated)
