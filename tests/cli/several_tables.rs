//! One source that fills several tables, and snapshots that lack some of them.

use crate::harness::Project;

const INGEST: &str = r#"stage: ingest
tables:
  - name: books
    description: Books.
    key: [id]
    sort: [id]
    columns:
      id: {type: utf8, description: Name.}
      made: {type: date32, nullable: true, description: When.}
  - name: films
    description: Films.
    key: [id]
    sort: [id]
    columns:
      id: {type: utf8, description: Name.}
      made: {type: date32, nullable: true, description: When.}
sources:
  - name: both
    description: A shop with both.
    table: books
    coverage: census
    location: "data/both/books_{date}.jsonl"
    format: ndjson
    columns: {id: {type: utf8}, made: {type: date32, optional: true}}
    query: SELECT id, made FROM source
  - name: both
    description: A shop with both.
    table: films
    coverage: census
    location: "data/both/films_{date}.jsonl"
    format: ndjson
    columns: {id: {type: utf8}, made: {type: date32, optional: true}}
    query: SELECT id, made FROM source
  - name: cinema
    description: Films alone.
    table: films
    coverage: census
    location: "data/cinema/{date}.jsonl"
    format: ndjson
    columns: {id: {type: utf8}}
    query: SELECT id FROM source
"#;

const AGGREGATE: &str = r#"stage: aggregate
jobs:
  - name: books
    description: How many books.
    query: SELECT 'books' AS kind, count(*) AS things FROM ingest.books
    key: [kind]
    sort: [kind]
    columns:
      kind: {type: utf8, description: What.}
      things: {type: int64, description: How many.}
  - name: films
    description: How many films.
    query: SELECT 'films' AS kind, count(*) AS things FROM ingest.films
    key: [kind]
    sort: [kind]
    columns:
      kind: {type: utf8, description: What.}
      things: {type: int64, description: How many.}
  - name: either
    description: How many of either.
    query: |
      SELECT 'books' AS kind, count(*) AS things FROM ingest.books
      UNION ALL SELECT 'films', count(*) FROM ingest.films
    optional: [ingest.books, ingest.films]
    key: [kind]
    sort: [kind]
    columns:
      kind: {type: utf8, description: What.}
      things: {type: int64, description: How many.}
    checks:
      - name: no_more_than_there_are
        query: |
          SELECT a.things FROM aggregate.either a CROSS JOIN (SELECT count(*) AS films FROM ingest.films) f
          WHERE a.kind = 'films' AND a.things <> f.films
        description: Of what is not there there is none.
  - name: dated
    description: How many have a date.
    query: |
      SELECT count(made) AS things FROM (SELECT made FROM ingest.books UNION ALL SELECT made FROM ingest.films)
    optional: [ingest.books, ingest.films]
    needs: [[ingest.books.made, ingest.films.made]]
    key: [things]
    sort: [things]
    columns:
      things: {type: int64, description: How many.}
"#;

fn project() -> Project {
    Project::of(&[
        ("pipelines/ingest/shops.yaml", INGEST),
        ("pipelines/aggregate/all.yaml", AGGREGATE),
        (
            "data/both/books_2024-03-01.jsonl",
            "{\"id\":\"b1\",\"made\":\"1815-12-23\"}\n{\"id\":\"b2\"}\n",
        ),
        ("data/both/films_2024-03-01.jsonl", "{\"id\":\"f1\"}\n"),
        (
            "data/both/films_2024-03-02.jsonl",
            "{\"id\":\"f1\"}\n{\"id\":\"f2\"}\n",
        ),
        (
            "data/cinema/2024-03-01.jsonl",
            "{\"id\":\"c1\"}\n{\"id\":\"c2\"}\n{\"id\":\"c3\"}\n",
        ),
        ("data/cinema/2024-03-03.jsonl", "{\"id\":\"c1\"}\n"),
    ])
}

fn counted(project: &Project) -> Vec<String> {
    project.rows("SELECT snapshot_date, kind, things FROM aggregate.either ORDER BY 1, 2")
}

#[test]
fn one_name_fills_all_its_tables_and_what_a_date_lacks_is_named() {
    let project = project();
    let plan = project.ok(&["plan", "--source", "both"]);
    plan.assert_out("2 snapshots: 2024-03-01 2024-03-02");
    plan.assert_out("skip: the source both has no books of 2024-03-02");
    let ran = project.ok(&["run", "--source", "both"]);
    ran.assert_tables("9 made, 0 up to date, 3 skipped");
    ran.assert_out("the source both has no books of 2024-03-02");
    assert_eq!(
        counted(&project),
        [
            "2024-03-01,books,2",
            "2024-03-01,films,1",
            "2024-03-02,books,0",
            "2024-03-02,films,2"
        ]
    );
    // No table of what is not there, nor one that says that there is none.
    let skipped = project.manifest("aggregate.books", "2024-03-02");
    let reason = skipped["skipped"].as_str().unwrap();
    assert!(reason.contains("ingest.books was skipped: the source both has no books of"));
    let dated = project.manifest("aggregate.dated", "2024-03-02");
    assert!(
        dated["skipped"].as_str().unwrap().contains("has no made ("),
        "{dated}"
    );

    let before = project.lake_bytes();
    let again = project.ok(&["run", "--source", "both"]);
    again.assert_tables("0 made, 9 up to date, 3 skipped");
    assert_eq!(before, project.lake_bytes());
}

#[test]
fn what_was_lacking_is_read_once_it_comes() {
    let project = project();
    project.ok(&["run", "--source", "both"]);
    project.write("data/both/books_2024-03-02.jsonl", "{\"id\":\"b9\"}\n");
    let ran = project.ok(&["run", "--source", "both"]);
    ran.assert_tables("3 made, 8 up to date, 1 skipped");
    assert_eq!(
        counted(&project)[2..],
        ["2024-03-02,books,1", "2024-03-02,films,2"]
    );
    // What is in the lake, its file gone, is missed and stays.
    project.remove("data/both/books_2024-03-02.jsonl");
    let ran = project.fails(1, &["run", "--source", "both"]);
    ran.assert_out("books_2024-03-02.jsonl does not exist");
    assert_eq!(
        counted(&project)[2..],
        ["2024-03-02,books,1", "2024-03-02,films,2"]
    );
}

#[test]
fn a_source_of_one_table_leaves_what_another_gave() {
    let project = project();
    project.ok(&["run", "--source", "both", "--dates", "2024-03-01"]);
    project.ok(&["run", "--source", "cinema"]);
    assert_eq!(
        counted(&project),
        [
            "2024-03-01,books,2",
            "2024-03-01,films,3",
            "2024-03-03,books,0",
            "2024-03-03,films,1"
        ]
    );
    // The date's books are lacking for good reason; without a source nothing changes.
    let skipped = project.manifest("ingest.books", "2024-03-03");
    assert_eq!(skipped["skipped"], "the source cinema has no books");
    let again = project.ok(&["run"]);
    again.assert_tables("0 made, 6 up to date, 3 skipped");
}

#[test]
fn locations_of_the_command_line_name_the_table() {
    let project = project();
    for (to, from) in [
        ("a/books.2024-04-01", "data/both/books_2024-03-01.jsonl"),
        ("a/films.2024-04-01", "data/both/films_2024-03-01.jsonl"),
    ] {
        std::fs::create_dir_all(project.path("a")).unwrap();
        std::fs::copy(project.path(from), project.path(to)).unwrap();
    }
    let run = |lake: &str, from: &str| {
        let args = ["run", "--source", "both", "--from", from, "--lake", lake];
        project.hubcensus(&args)
    };
    let ran = run("one", "a/{table}.{date}");
    ran.assert_tables("6 made, 0 up to date");
    // The name of a file that is one table's alone.
    let ran = run("two", "data/both/films_{date}.jsonl");
    ran.assert_out("the source both has no books");
    let args = ["run", "--source", "both", "--from", "a/{date}"];
    let ran = project.fails(2, &args);
    ran.assert_err("the source both has `books` and `films`");
    ran.assert_err("{table}");
}

#[test]
fn a_table_that_may_be_lacking_must_be_read() {
    let project = project();
    project.replace(
        "pipelines/aggregate/all.yaml",
        "    optional: [ingest.books, ingest.films]\n    needs",
        "    optional: [ingest.books, ingest.films, ingest.shows, aggregate.either]\n    needs",
    );
    let ran = project.fails(3, &["check"]);
    ran.assert_err("ingest.shows");
    project.replace("pipelines/aggregate/all.yaml", "ingest.shows, ", "");
    let ran = project.ok(&["check"]);
    ran.assert_err("`aggregate.either` is optional but the query does not read it");
}
