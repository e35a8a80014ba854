SELECT * EXCLUDE (n, account_no, entity_no, kind_no, fine_no, coarse_no, large_no) FROM model_rows
