//! Rows that cannot be, and rows that are odd.

use std::fmt::Write as _;

use crate::books::{self, MARCH_1};
use crate::harness::{Project, Ran, assert_same};
use crate::reading::{self, Rejected};

const TILL: &str = "data/till_2024-03-01.jsonl";
const ROWS: &str = "lake/_rejected/ingest/books/2024-03-01/rows.parquet";
const RUN: [&str; 5] = ["run", "--source", "till", "--dates", "2024-03-01"];

/// Each mistake once, among rows that are as they should be.
const MISTAKES: &str = r#"{"isbn":"a1","copies":1}
{"isbn":"a2","copies":
{"copies":3}
{"isbn":"  ","copies":4}
{"isbn":"a5","copies":"five"}
{"isbn":"a6","copies":-6}
{"isbn":"a7","printed":"2024-02-30"}
{"isbn":"a1","copies":8,"title":"Again"}
{"isbn":"a9","copies":2.5}
["a10",1]
{"isbn":"a11","copies":12.0,"price":0,"printed":"2024-02-29"}
{"isbn":12,"copies":12}
"#;

fn reasons(rejected: &[Rejected]) -> Vec<(i64, &str)> {
    rejected
        .iter()
        .map(|row| (row.row, row.reason.as_str()))
        .collect()
}

#[test]
fn each_is_told_counted_and_kept() {
    let project = books::project();
    // So many good rows that those with mistakes are the fewer.
    let good: String = (1..10)
        .map(|at| format!("{{\"isbn\":\"z{at}\"}}\n"))
        .collect();
    project.write(TILL, format!("{MISTAKES}{good}"));
    let ran = project.ok(&RUN);
    for told in [
        "set aside: 1 row, duplicate_key",
        "set aside: 1 row, negative_copies",
        "set aside: 2 rows, no_isbn",
        "set aside: 1 row, not_a_date",
        "set aside: 1 row, not_an_integer",
        "set aside: 1 row, not_an_object",
        "set aside: 1 row, not_json",
        "set aside: 2 rows, wrong_type",
        "they are kept in _rejected/ingest/books/2024-03-01/rows.parquet",
    ] {
        ran.assert_err(told);
    }
    ran.assert_out("set aside 10 rows");

    let rejected = reading::rejected(&project.path(ROWS));
    assert_eq!(
        reasons(&rejected),
        [
            (2, "not_json"),
            (3, "no_isbn"),
            (4, "no_isbn"),
            (5, "wrong_type"),
            (6, "negative_copies"),
            (7, "not_a_date"),
            (8, "duplicate_key"),
            (9, "not_an_integer"),
            (10, "not_an_object"),
            (12, "wrong_type"),
        ]
    );
    assert!(
        rejected
            .iter()
            .all(|row| row.file == "till_2024-03-01.jsonl")
    );
    assert_eq!(rejected[0].content, r#"{"isbn":"a2","copies":"#);
    assert_eq!(rejected[3].content, r#"{"isbn":"a5","copies":"five"}"#);
    assert!(
        rejected[4].content.contains("\"copies\":-6"),
        "{:?}",
        rejected[4]
    );
    assert!(
        rejected[6].content.contains("Again"),
        "the later of the two is set aside"
    );

    // What is good stays, and the first of those that are there twice.
    assert_eq!(
        project.rows(
            "SELECT isbn, title, copies, price, printed FROM ingest.books WHERE isbn < 'b' ORDER BY isbn"
        ),
        ["a1,,1,,", "a11,,12,0.0,2024-02-29"]
    );
    let counts = &project.manifest("ingest.books", "2024-03-01")["facts"]["counts"];
    assert_eq!(counts["duplicate_key"], 1);
    assert_eq!(counts["no_isbn"], 2);
    assert_eq!(counts["not_json"], 1);
}

#[test]
fn mended_there_is_nothing_set_aside() {
    let project = books::project();
    project.write(TILL, format!("{MARCH_1}no json\n"));
    project.ok(&RUN);
    assert_eq!(
        reasons(&reading::rejected(&project.path(ROWS))),
        [(6, "not_json")]
    );
    project.write(TILL, MARCH_1);
    project.ok(&RUN);
    assert!(!project.path(ROWS).exists());
    assert_same(&books::made().lake_bytes(), &project.lake_bytes());
}

/// A snapshot of `good` rows and `bad` ones, read by a run.
fn snapshot(project: &Project, good: usize, bad: usize) -> Ran {
    let mut till = String::new();
    for at in 0..good {
        writeln!(till, "{{\"isbn\":\"g{at}\"}}").unwrap();
    }
    for _ in 0..bad {
        writeln!(till, "{{\"copies\":1}}").unwrap();
    }
    project.write(TILL, till);
    let mut args = RUN.to_vec();
    args.extend(["ingest", "normalize.books"]);
    project.hubcensus(&args)
}

#[test]
fn ten_rows_may_be_bad_if_they_are_the_fewer() {
    let project = books::project();
    for (good, bad, limit) in [
        (11, 10, None),
        (10, 10, Some(9)),
        (2, 10, Some(5)),
        (2, 1, None),
        (1, 1, Some(0)),
        (2, 2, Some(1)),
    ] {
        let ran = snapshot(&project, good, bad);
        let Some(limit) = limit else {
            assert_eq!(ran.code, 0, "{good} good, {bad} bad\n{ran}");
            let rows = project.rows("SELECT count(*) FROM ingest.books");
            assert_eq!(rows, [good.to_string()]);
            continue;
        };
        assert_eq!(ran.code, 1, "{good} good, {bad} bad\n{ran}");
        let rows = good + bad;
        ran.assert_err(&format!(
            "{bad} of the {rows} rows of {TILL} were set aside"
        ));
        ran.assert_err(&format!("more than the {limit} that the snapshot may lose"));
    }
}

#[test]
fn eleven_of_thirty_are_too_many() {
    let project = books::made();
    let before = project.lake();
    let ran = snapshot(&project, 19, 11);
    assert_eq!(ran.code, 1, "{ran}");
    let failed = ran.err_line("FAILED");
    assert!(
        failed.contains("11 of the 30 rows of data/till_2024-03-01.jsonl were set aside"),
        "{ran}"
    );
    assert!(failed.contains("more than the 10 "), "{ran}");
    ran.assert_err("set aside: 11 rows, no_isbn");
    ran.assert_err(
        "kept in _rejected/ingest/books/2024-03-01/rows.parquet; what was there before stays",
    );
    ran.assert_tables("0 made, 0 up to date, 1 failed, 1 not made for that");
    let rejected = reading::rejected(&project.path(ROWS));
    assert_eq!(
        rejected.iter().map(|row| row.row).collect::<Vec<_>>(),
        (20..=30).collect::<Vec<_>>()
    );
    let mut after = project.lake();
    after.remove("_rejected/ingest/books/2024-03-01/rows.parquet");
    assert_same(&before, &after);
}

#[test]
fn one_in_a_hundred_of_many() {
    let project = books::project();
    assert_eq!(snapshot(&project, 1_188, 12).code, 0);
    let ran = snapshot(&project, 1_187, 13);
    assert_eq!(ran.code, 1, "{ran}");
    ran.assert_err("13 of the 1200 rows");
    ran.assert_err("more than the 12 ");
}

#[test]
fn the_limit_is_the_tables() {
    let project = books::project();
    let books = "pipelines/ingest/books.yaml";
    let limit = "    sort: [isbn]\n    reject_limit: {share: 0.5, rows: 0}\n";
    project.replace(books, "    sort: [isbn]\n", limit);
    assert_eq!(snapshot(&project, 15, 15).code, 0);
    assert_eq!(snapshot(&project, 14, 16).code, 1);
    project.replace(books, "{share: 0.5, rows: 0}", "{share: 0, rows: 0}");
    assert_eq!(snapshot(&project, 30, 0).code, 0);
    assert_eq!(snapshot(&project, 30, 1).code, 1);
    project.replace(books, "{share: 0, rows: 0}", "{share: 0, rows: 40}");
    assert_eq!(snapshot(&project, 41, 40).code, 0);
    assert_eq!(snapshot(&project, 40, 40).code, 1);
    // Who wants less than half may say so.
    project.replace(books, "{share: 0, rows: 40}", "{share: 0.9}");
    assert_eq!(snapshot(&project, 1, 9).code, 0);
    assert_eq!(snapshot(&project, 0, 9).code, 1);
}

#[test]
fn limits_of_a_source_and_of_a_reason() {
    let project = books::project();
    let books = "pipelines/ingest/books.yaml";
    let query = "    query: SELECT isbn, title";
    let limit = |limit: &str| format!("    reject_limit: {limit}\n{query}");
    project.replace(books, query, &limit("{share: 0, rows: 3}"));
    assert_eq!(snapshot(&project, 20, 3).code, 0);
    let ran = snapshot(&project, 20, 4);
    assert_eq!(ran.code, 1, "{ran}");
    ran.assert_err("more than the 3 that the snapshot may lose");

    // A reason with a limit of its own counts for itself.
    project.replace(
        books,
        "{share: 0, rows: 3}",
        "{rows: 3, share: 0, reasons: {no_isbn: {share: 0.5}}}",
    );
    assert_eq!(snapshot(&project, 5, 5).code, 0);
    let ran = snapshot(&project, 4, 6);
    assert_eq!(ran.code, 1, "{ran}");
    ran.assert_err("6 of the 10 rows of data/till_2024-03-01.jsonl were set aside for `no_isbn`, more than the 5 ");
}

/// The first row of each key stays, so that repeated ones lose nothing.
#[test]
fn repeated_rows_have_no_limit_but_one_that_is_given() {
    let project = books::project();
    let once: String = (0..100)
        .map(|at| format!("{{\"isbn\":\"g{at}\"}}\n"))
        .collect();
    project.write(TILL, once.repeat(3));
    let mut run = RUN.to_vec();
    run.push("ingest");
    let ran = project.ok(&run);
    ran.assert_err("set aside: 200 rows, duplicate_key");
    assert_eq!(project.rows("SELECT count(*) FROM ingest.books"), ["100"]);
    let counts = &project.manifest("ingest.books", "2024-03-01")["facts"]["counts"];
    assert_eq!(counts["duplicate_key"], 200);
    project.replace(
        "pipelines/ingest/books.yaml",
        "    sort: [isbn]\n",
        "    sort: [isbn]\n    reject_limit: {reasons: {duplicate_key: {share: 0.5, rows: 1}}}\n",
    );
    let ran = project.fails(1, &run);
    ran.assert_err("200 of the 300 rows of data/till_2024-03-01.jsonl were set aside for `duplicate_key`, more than the 150 ");
}

/// 29 of 100 are no more than 29%.
#[test]
fn the_limit_is_what_it_says() {
    let project = books::project();
    let limit = "    sort: [isbn]\n    reject_limit: {share: 0.29, rows: 0}\n";
    project.replace("pipelines/ingest/books.yaml", "    sort: [isbn]\n", limit);
    let ran = snapshot(&project, 71, 29);
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(snapshot(&project, 70, 30).code, 1);
}

/// Whatever the order of the table: the first row of the file stays.
#[test]
fn duplicates_are_found_in_any_order_of_the_table() {
    for sort in ["[isbn, copies]", "[title, isbn]"] {
        let project = books::project();
        project.replace(
            "pipelines/ingest/books.yaml",
            "    sort: [isbn]\n",
            &format!("    sort: {sort}\n"),
        );
        let till = [
            r#"{"isbn":"a","title":"Zoo","copies":9}"#,
            r#"{"isbn":"b","title":"Map","copies":1}"#,
            r#"{"isbn":"a","title":"Ant","copies":1}"#,
        ];
        project.write(TILL, till.join("\n"));
        let ran = project.ok(&["run", "--source", "till", "--dates", "2024-03-01", "ingest"]);
        ran.assert_err("set aside: 1 row, duplicate_key");
        assert_eq!(
            reasons(&reading::rejected(&project.path(ROWS))),
            [(3, "duplicate_key")],
            "{sort}"
        );
        assert_eq!(
            project.rows("SELECT isbn, title FROM ingest.books ORDER BY isbn"),
            ["a,Zoo", "b,Map"],
            "{sort}"
        );
    }
}

#[test]
fn rules_on_the_raw_columns_of_a_source() {
    let project = books::project();
    project.replace(
        "pipelines/ingest/books.yaml",
        "    query: SELECT isbn, title",
        "    rejects:\n      - {reason: returned, where: shop = 'returns', description: Sold no more.}\n    query: SELECT isbn, title",
    );
    project.write(
        TILL,
        format!("{MARCH_1}{{\"isbn\":\"b6\",\"shop\":\"returns\"}}\n"),
    );
    project.ok(&RUN).assert_err("set aside: 1 row, returned");
    assert_eq!(
        reasons(&reading::rejected(&project.path(ROWS))),
        [(6, "returned")]
    );
}

#[test]
fn what_is_odd_stays_and_is_counted() {
    let project = books::project();
    let free = "{\"isbn\":\"f1\",\"price\":0}\n{\"isbn\":\"f2\",\"price\":0.0}\n";
    project.write(TILL, format!("{MARCH_1}{free}"));
    let ran = project.ok(&RUN);
    ran.assert_err("odd: 2 rows, free_of_charge, such as {\"isbn\":\"f");
    ran.assert_out(", 2 odd rows");
    assert_eq!(project.rows("SELECT count(*) FROM ingest.books"), ["7"]);
    let counts = &project.manifest("ingest.books", "2024-03-01")["facts"]["counts"];
    assert_eq!(counts["warning:free_of_charge"], 2);
}

/// The project's own rules for models.
#[test]
fn odd_models_stay() {
    let project = Project::empty();
    let tags: Vec<String> = (0..=10_000).map(|tag| format!("\"t{tag}\"")).collect();
    let mut models = [
        r#"{"id":"acme/Case","license":"mit","created_at":"2024-01-01T00:00:00Z","updated_at":"2024-01-02T00:00:00Z"}"#.to_owned(),
        r#"{"id":"acme/case","license":"none that is","created_at":"2024-01-02T00:00:00Z","updated_at":"2024-01-01T00:00:00Z"}"#.to_owned(),
        r#"{"id":"acme/zero","parameters":0}"#.to_owned(),
        format!("{{\"id\":\"acme/tags\",\"tags\":[{}]}}", tags.join(",")),
        // And what cannot be.
        r#"{"id":"","likes":1}"#.to_owned(),
        r#"{"id":"acme/less","likes":-1}"#.to_owned(),
        r#"{"id":"acme/when","created_at":"yesterday"}"#.to_owned(),
        r#"{"id":"acme/zero","likes":7}"#.to_owned(),
    ];
    models.rotate_left(4);
    project.write("models_2024-03-01.jsonl", models.join("\n"));
    let root = env!("CARGO_MANIFEST_DIR");
    let ran = project.ok(&[
        "run",
        "ingest",
        "--project",
        root,
        "--lake",
        "lake",
        "--source",
        "radar",
        "--from",
        "models_{date}.jsonl",
    ]);
    for odd in [
        "odd: 1 row, ids_differ_only_in_case",
        "odd: 1 row, license_is_no_license_id",
        "odd: 1 row, modified_before_created",
        "odd: 1 row, more_than_10000_tags",
    ] {
        ran.assert_err(odd);
    }
    let rejected =
        reading::rejected(&project.path("lake/_rejected/ingest/models/2024-03-01/rows.parquet"));
    assert_eq!(
        reasons(&rejected),
        [
            (1, "missing_id"),
            (2, "negative_count"),
            (3, "not_a_date"),
            (7, "duplicate_key")
        ]
    );
    let table = project.path("lake/ingest/models/snapshot_date=2024-03-01/part-00000.parquet");
    assert_eq!(
        reading::texts(&table, "id"),
        ["acme/Case", "acme/case", "acme/tags", "acme/zero"]
    );
}
