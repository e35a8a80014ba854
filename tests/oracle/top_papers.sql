SELECT row_number() OVER (ORDER BY upvotes DESC, id) AS rank, id, title, account, entity, entity_type, country, submitter,
       published_at, submitted_at, upvotes, comments
FROM papers WHERE upvotes > 0
QUALIFY rank <= 1000
ORDER BY rank;
