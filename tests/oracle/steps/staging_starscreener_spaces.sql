-- starscreener: one JSON document, the rows under `spaces`. Variable: spaces (the file).
INSERT INTO staged_spaces
SELECT row_number() OVER (), s.id, s.author, s.createdAt, s.lastModified, s.likes, s.trendingScore, s.sdk, s.models, NULL,
       s.tags
FROM (SELECT unnest(spaces) AS s
      FROM read_json(getvariable('spaces'), maximum_object_size = 268435456, columns = {
          spaces: 'STRUCT(id VARCHAR, author VARCHAR, createdAt TIMESTAMP, lastModified TIMESTAMP, likes BIGINT,
                          trendingScore DOUBLE, sdk VARCHAR, models VARCHAR[], tags VARCHAR[])[]'}));
