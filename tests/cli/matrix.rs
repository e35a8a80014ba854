//! A family of jobs written once, and values given to queries by name.

use crate::books::{self, DATES};
use crate::harness::Project;

const FAMILY: &str = r"stage: aggregate
jobs:
  - name: by_{dimension}
    matrix: {dimension: [shop, genre]}
    description: Copies by {dimension}.
    query: |
      SELECT {dimension}, CAST(sum(copies) AS BIGINT) AS copies
      FROM ingest.books
      WHERE {dimension} IS NOT NULL AND copies >= $least AND {dimension} <> $without
      GROUP BY {dimension}
    parameters:
      least: {type: int64, value: 2, description: Fewer copies of a book do not count.}
      without: {type: utf8, value: it's none, description: What is left out.}
    key: ['{dimension}']
    sort: ['{dimension}']
    columns:
      '{dimension}': {type: utf8, description: 'The {dimension}.'}
      copies: {type: int64, description: How many.}
    checks:
      - {name: some, query: 'SELECT {dimension} FROM aggregate.by_{dimension} WHERE copies < $least'}
  - name: stamp
    description: The date that every query has.
    query: SELECT $snapshot_date AS day, date_part('day', $snapshot_date) = 1 AS first
    key: [day]
    sort: [day]
    columns:
      day: {type: date32, description: Which.}
      first: {type: boolean, description: Whether a month begins.}
";

const FILE: &str = "pipelines/aggregate/family.yaml";

fn project() -> Project {
    let project = books::project();
    project.write(FILE, FAMILY);
    project.ok(&[
        "run",
        "--source",
        "till",
        "--dates",
        DATES[0],
        "ingest",
        "aggregate.by_*",
    ]);
    project
}

#[test]
fn each_member_is_a_table() {
    let project = project();
    // b4 has one copy; b5 has neither shop nor genre.
    assert_eq!(
        project.rows("SELECT shop, copies FROM aggregate.by_shop ORDER BY shop"),
        ["north,5", "south,5"]
    );
    assert_eq!(
        project.rows("SELECT genre, copies FROM aggregate.by_genre ORDER BY genre"),
        ["novel,8", "poetry,2"]
    );
    let described = project.ok(&["tables", "by_genre"]);
    described.assert_out("Copies by genre.");
    described.assert_out("The genre.");
}

#[test]
fn a_member_more_is_a_table_more() {
    let project = project();
    project.replace(FILE, "[shop, genre]", "[shop, genre, title]");
    let plan = project.ok(&["plan", "aggregate.by_*"]);
    assert_eq!(
        plan.planned(),
        [(
            "2024-03-01 aggregate.by_title".to_owned(),
            "make: not there yet".to_owned()
        )]
    );
}

#[test]
fn a_value_counts_for_each_of_them() {
    let project = project();
    project.replace(FILE, "value: 2,", "value: 1,");
    let ran = project.ok(&["run", "aggregate.by_*"]);
    ran.assert_tables("2 made, 0 up to date");
    assert_eq!(
        project.rows("SELECT genre, copies FROM aggregate.by_genre ORDER BY genre"),
        ["atlas,1", "novel,8", "poetry,2"]
    );
    project.replace(FILE, "it's none", "novel");
    project.ok(&["run", "aggregate.by_*"]);
    assert_eq!(
        project.rows("SELECT genre FROM aggregate.by_genre ORDER BY genre"),
        ["atlas", "poetry"]
    );
}

#[test]
fn every_query_has_the_date() {
    let project = project();
    project.ok(&[
        "run",
        "--source",
        "till",
        "--dates",
        "2024-03-01..2024-03-02",
        "ingest",
        "aggregate.stamp",
    ]);
    assert_eq!(
        project.rows("SELECT day, first FROM aggregate.stamp ORDER BY day"),
        ["2024-03-01,true", "2024-03-02,false"]
    );
}
