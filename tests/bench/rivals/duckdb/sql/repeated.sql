-- Rows of an id that another row had before, in the file's order.
SELECT n FROM (SELECT n, id = lag(id) OVER () AS again FROM ingested) WHERE again
