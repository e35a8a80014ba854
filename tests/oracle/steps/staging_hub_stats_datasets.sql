-- hub-stats: the card is JSON in a text column. Variable: datasets (the file).
INSERT INTO staged_datasets
SELECT row_number() OVER (), id, author, createdAt, lastModified, downloads, downloadsAllTime, likes, trendingScore,
       CASE json_type(cardData, '$.license') WHEN 'ARRAY' THEN cardData ->> '$.license[0]' ELSE cardData ->> '$.license' END,
       CASE json_type(cardData, '$.language') WHEN 'ARRAY' THEN cardData ->> '$.language[*]'
                                              WHEN 'VARCHAR' THEN [cardData ->> '$.language'] END, tags
FROM read_parquet(getvariable('datasets'));
