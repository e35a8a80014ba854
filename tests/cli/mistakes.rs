//! Mistakes in pipeline files: all of them at once, each under its line, before
//! anything is done.

use crate::books;
use crate::harness::{Project, Ran};

/// Lines are counted below: what is wrong stands in the comments.
const WRONG: &str = r"stage: aggregate
jobs:
  - name: wrong
    description: Mistakes in a block and beside it.
    query: |
      SELECT city,
             sum(copis) AS copies
      FROM normalize.books
      GROUP BY city
    key: [city]
    sort: [town]
    columns:
      city: {type: utf8, description: Where.}
      copies: {type: int64, description: How many.}
    chekcs: []
  - name: syntax
    description: FORM is no word of SQL.
    query: |
      SELECT 'a' AS a
      FORM normalize.books
      WHERE
    key: [a]
    sort: [a]
    columns: {a: {type: utf8, description: A.}}
  - name: unknown
    description: No such table.
    query: |
      -- the books
      SELECT isbn FROM
        normalize.boks
    key: [isbn]
    sort: [isbn]
    columns: {isbn: {type: utf8, description: A.}}
  - name: contract
    description: Other columns than the query gives.
    query: |
      SELECT isbn,
             title AS name
      FROM normalize.books
    key: [isbn]
    sort: [isbn]
    columns:
      isbn: {type: int64, description: A.}
      nam: {type: utf8, nullable: true, description: A.}
  - name: calls
    description: No such function.
    query: SELECT uper(isbn) AS isbn FROM normalize.books
    key: [isbn]
    sort: [isbn]
    columns: {isbn: {type: utf8, description: A.}}
  - name: asks
    description: No such parameter.
    query: SELECT isbn FROM normalize.books WHERE copies > $leest
    parameters: {least: {type: int64, value: 1, description: A.}}
    key: [isbn]
    sort: [isbn]
    columns: {isbn: {type: utf8, description: A.}}
";

/// A mistake as it is told: its code, and the place below it.
pub(crate) fn told(ran: &Ran) -> Vec<(String, String)> {
    let lines: Vec<&str> = ran.err.lines().collect();
    let at = |line: &str| line.split_once("--> ").map(|(_, place)| place.to_owned());
    lines
        .windows(2)
        .filter(|pair| pair[0].starts_with("error["))
        .map(|pair| {
            let code = pair[0]
                .trim_start_matches("error[")
                .split(']')
                .next()
                .unwrap_or_default();
            (code.to_owned(), at(pair[1]).unwrap_or_default())
        })
        .collect()
}

#[test]
fn all_at_once_each_at_its_place() {
    let project = books::project();
    project.write("pipelines/aggregate/wrong.yaml", WRONG);
    let ran = project.fails(3, &["check"]);
    let file = "pipelines/aggregate/wrong.yaml";
    let expected = [
        ("sql", "7:18"),
        ("unknown-column", "11:12"),
        ("unknown-key", "15:5"),
        ("sql", "20:7"),
        ("unknown-table", "30:9"),
        ("missing-column", "37:7"),
        ("wrong-type", "37:14"),
        ("extra-column", "38:23"),
        ("sql", "47:19"),
        ("unknown-parameter", "53:60"),
    ];
    let expected: Vec<(String, String)> = expected
        .iter()
        .map(|(code, place)| ((*code).to_owned(), format!("{file}:{place}")))
        .collect();
    assert_eq!(told(&ran), expected, "{ran}");
    ran.assert_err("error: the pipeline files have 10 mistakes");
    // The line itself, underlined, and what to do.
    ran.assert_err("\n7 |              sum(copis) AS copies\n");
    ran.assert_err("\n  |                  ^^^^^ not known here\n");
    for help in [
        "did you mean `checks`?",
        "did you mean `normalize.books`?",
        "`name AS nam`",
        "did you mean `least`?",
    ] {
        ran.assert_err(help);
    }
    assert_eq!(ran.out, "");
}

#[test]
fn whatever_is_asked() {
    let project = books::made();
    let before = project.files("lake");
    project.replace(
        "pipelines/aggregate/books.yaml",
        "sum(copies) AS copies\n",
        "sum(copis) AS copies\n",
    );
    for command in [
        vec!["run"],
        vec!["run", "--source", "till"],
        vec!["plan"],
        vec!["check"],
        vec!["test"],
        vec!["tables"],
        vec!["show", "aggregate.cities"],
        vec!["query", "SELECT 1"],
    ] {
        let ran = project.fails(3, &command);
        ran.assert_err("error: the pipeline files have 1 mistake");
    }
    assert_eq!(project.files("lake"), before);
}

#[test]
fn sql_may_only_read() {
    for statement in [
        "INSERT INTO normalize.books SELECT * FROM normalize.books",
        "COPY normalize.books TO 'stolen.parquet'",
        "SET datafusion.execution.batch_size = 1",
        "CREATE TABLE mine AS SELECT 1 AS isbn",
        "DROP TABLE normalize.books",
        "EXPLAIN SELECT 1 AS isbn",
    ] {
        let project = books::project();
        let query =
            "query: SELECT shelf, sum(copies) AS copies FROM normalize.shelves GROUP BY shelf";
        project.replace(
            "pipelines/aggregate/books.yaml",
            query,
            &format!("query: {statement}"),
        );
        let ran = project.fails(3, &["run", "--source", "till"]);
        let verb = statement.split(' ').next().unwrap_or_default();
        ran.assert_err(&format!(
            "error[sql-may-only-read]: `{verb}` is not a query"
        ));
        assert_eq!(told(&ran).len(), 1, "{ran}");
        assert!(!project.path("stolen.parquet").exists());
        assert!(!project.path("lake").exists());
    }
}

#[test]
fn in_checks_and_in_what_sets_rows_aside() {
    let project = books::project();
    let ingest = "pipelines/ingest/books.yaml";
    project.replace(ingest, "WHERE price = 0", "WHERE prize = 0");
    project.replace(ingest, "where: copies < 0", "where: copy < 0");
    let ran = project.fails(3, &["check"]);
    assert_eq!(told(&ran).len(), 2, "{ran}");
    ran.assert_err("copy");
    ran.assert_err("prize");
}

#[test]
fn a_cycle() {
    let project = books::project();
    let job = |name: &str, from: &str| {
        format!(
            "  - name: {name}
    description: One of a ring.
    query: SELECT n FROM aggregate.{from}
    key: [n]
    sort: [n]
    columns: {{n: {{type: int64, description: N.}}}}
"
        )
    };
    let ring = [job("one", "two"), job("two", "three"), job("three", "one")].concat();
    project.write(
        "pipelines/aggregate/ring.yaml",
        format!("stage: aggregate\njobs:\n{ring}"),
    );
    let ran = project.fails(3, &["check"]);
    ran.assert_err("error[cycle]: tables are made from each other: ");
    for table in ["`aggregate.one`", "`aggregate.two`", "`aggregate.three`"] {
        ran.assert_err(table);
    }
    assert_eq!(told(&ran).len(), 1, "{ran}");
}

/// The way out of a cycle that its message gives.
#[test]
fn a_cycle_over_earlier_snapshots_is_none() {
    let project = books::project();
    project.write(
        "pipelines/aggregate/ring.yaml",
        "stage: aggregate
jobs:
  - name: fresh
    description: What was not seen before.
    query: SELECT isbn FROM ingest.books WHERE isbn NOT IN (SELECT isbn FROM aggregate.seen)
    history: {aggregate.seen: previous}
    key: [isbn]
    sort: [isbn]
    columns: {isbn: {type: utf8, description: A.}}
  - name: seen
    description: What is seen now.
    query: SELECT isbn FROM aggregate.fresh
    key: [isbn]
    sort: [isbn]
    columns: {isbn: {type: utf8, description: A.}}
",
    );
    project.ok(&["check"]);
}

#[test]
fn a_reference_table_that_is_none() {
    let project = books::project();
    project.write(
        "data/reference/shops.csv",
        "shop,town,note\nnorth,Bergen,\n",
    );
    project.write(
        "data/reference/genres.csv",
        "genre,shelf\nnovel,fiction,much\n",
    );
    let ran = project.fails(3, &["check"]);
    ran.assert_err(
        "data/reference/shops.csv:1: the header is `shop,town,note`, expected `shop,city,note`",
    );
    ran.assert_err("data/reference/genres.csv:2: wrong_field_count");
    project.remove("data/reference/shops.csv");
    project
        .fails(3, &["check"])
        .assert_err("cannot read data/reference/shops.csv");
}

#[test]
fn yaml_that_is_none() {
    let project = books::project();
    project.write(
        "pipelines/aggregate/broken.yaml",
        "stage: aggregate\njobs:\n  - name: [a\n",
    );
    let ran = project.fails(3, &["check"]);
    ran.assert_err("pipelines/aggregate/broken.yaml:");
}

#[test]
fn no_project_at_all() {
    let project = Project::empty();
    let ran = project.fails(1, &["check"]);
    ran.assert_err("no project here");
    project.write("pipelines/readme.txt", "");
    project
        .fails(1, &["check"])
        .assert_err("no pipeline files under ");
}
