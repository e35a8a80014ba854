-- starscreener: one JSON document, the rows under `datasets`. Variable: datasets (the file).
INSERT INTO staged_datasets
SELECT row_number() OVER (), d.id, d.author, d.createdAt, d.lastModified, d.downloads, NULL, d.likes, d.trendingScore,
       NULL, NULL, d.tags
FROM (SELECT unnest(datasets) AS d
      FROM read_json(getvariable('datasets'), maximum_object_size = 268435456, columns = {
          datasets: 'STRUCT(id VARCHAR, author VARCHAR, createdAt TIMESTAMP, lastModified TIMESTAMP, downloads BIGINT,
                            likes BIGINT, trendingScore DOUBLE, tags VARCHAR[])[]'}));
