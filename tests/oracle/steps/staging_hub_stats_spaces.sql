-- hub-stats. Variable: spaces (the file).
INSERT INTO staged_spaces
SELECT row_number() OVER (), id, author, createdAt, lastModified, likes, trendingScore, sdk, models, datasets, tags
FROM read_parquet(getvariable('spaces'));
