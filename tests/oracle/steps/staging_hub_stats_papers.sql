-- hub-stats: what the API has under `paper` is in columns of their own. Variable: papers (the file).
INSERT INTO staged_papers
SELECT row_number() OVER (), paper_id, paper_title, paper_publishedAt, paper_submittedOnDailyAt, organization.name,
       submittedBy.name, paper_upvotes, numComments
FROM read_parquet(getvariable('papers'));
