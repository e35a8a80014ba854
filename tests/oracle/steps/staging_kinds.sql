-- Kinds beyond models that a source does not have: none of them.
CREATE OR REPLACE TABLE staged_datasets (
    position BIGINT, id VARCHAR, author VARCHAR, created_at TIMESTAMP, last_modified TIMESTAMP, downloads_30d BIGINT,
    downloads_all_time BIGINT, likes BIGINT, trending_score DOUBLE, license VARCHAR, languages VARCHAR[], tags VARCHAR[]);
CREATE OR REPLACE TABLE staged_spaces (
    position BIGINT, id VARCHAR, author VARCHAR, created_at TIMESTAMP, last_modified TIMESTAMP, likes BIGINT,
    trending_score DOUBLE, sdk VARCHAR, models VARCHAR[], datasets VARCHAR[], tags VARCHAR[]);
CREATE OR REPLACE TABLE staged_papers (
    position BIGINT, id VARCHAR, title VARCHAR, published_at TIMESTAMP, submitted_at TIMESTAMP, organization VARCHAR,
    submitter VARCHAR, upvotes BIGINT, comments BIGINT);
CREATE OR REPLACE TABLE staged_account_facts (
    position BIGINT, account VARCHAR, account_type VARCHAR, full_name VARCHAR, followers BIGINT, verified BOOLEAN);
