SELECT id, CAST(parameters AS BIGINT) AS parameters FROM facts('size_corrections')
