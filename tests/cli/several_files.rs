//! A snapshot of several files: a location with `*` in the file's name.

use crate::books;
use crate::harness::{Project, assert_same};
use crate::reading;

const FROM: &str = "data/{date}/till-*.jsonl";
const RUN: [&str; 5] = ["run", "--source", "till", "--from", FROM];
const ROWS: &str = "lake/_rejected/ingest/books/2024-03-01/rows.parquet";

/// The first snapshot of the books, a row a file but for two, and files that the
/// location does not mean.
fn parts() -> Project {
    let project = books::project();
    let lines: Vec<&str> = books::MARCH_1.split_inclusive('\n').collect();
    for (part, rows) in [&lines[..2], &lines[2..3], &lines[3..4], &lines[4..]]
        .into_iter()
        .enumerate()
    {
        project.write(&format!("data/2024-03-01/till-{part}.jsonl"), rows.concat());
    }
    project.write("data/2024-03-01/till-4.jsonl.part", "{");
    project.write("data/2024-03-01/README", "Tills.");
    project.write("data/2024-03-02/README", "None.");
    project
}

#[test]
fn as_one_file_that_has_all_rows() {
    let one = books::made();
    let project = parts();
    let ran = project.ok(&RUN);
    assert_eq!(ran.made().len(), 6, "{ran}");
    for table in [
        "ingest.books",
        "aggregate.cities",
        "aggregate.shelves",
        "aggregate.overview",
    ] {
        let query = format!("SELECT * FROM {table} ORDER BY 1");
        assert_eq!(project.rows(&query), one.rows(&query), "{table}");
    }
    let tables = |project: &Project| {
        let mut files = project.lake_bytes();
        files.retain(|path, _| path.ends_with(".parquet"));
        files
    };
    assert_same(&tables(&project), &tables(&one));
    let source = &project.manifest("ingest.books", "2024-03-01")["facts"]["source"];
    assert_eq!(source["location"], "till-*.jsonl (4 files)", "{source}");
}

#[test]
fn made_again_when_a_file_comes_goes_or_changes() {
    let project = parts();
    project.ok(&RUN);
    let nothing = project.ok(&RUN);
    assert_eq!(nothing.made(), Vec::<String>::new(), "{nothing}");

    let fifth = "data/2024-03-01/till-9.jsonl";
    project.write(fifth, "{\"isbn\":\"b6\",\"shop\":\"south\",\"copies\":7}\n");
    let more = project.ok(&RUN);
    assert!(
        more.made().contains(&"2024-03-01 ingest.books".to_owned()),
        "{more}"
    );
    assert_eq!(project.rows("SELECT sum(copies) FROM ingest.books"), ["22"]);
    project.remove(fifth);
    project.ok(&RUN);
    assert_eq!(project.rows("SELECT sum(copies) FROM ingest.books"), ["15"]);
    project.replace(
        "data/2024-03-01/till-1.jsonl",
        "\"copies\":2",
        "\"copies\":3",
    );
    project.ok(&RUN);
    assert_eq!(project.rows("SELECT sum(copies) FROM ingest.books"), ["16"]);
}

#[test]
fn what_is_wrong_is_told_with_its_file() {
    let project = parts();
    // b1 is in the first file, b9 is there twice in one.
    project.write(
        "data/2024-03-01/till-5.jsonl",
        "{\"isbn\":\"b1\",\"title\":\"Again\",\"copies\":100}\n{\"isbn\":\"b9\"}\n{\"isbn\":\"b9\"}\nnone\n",
    );
    project.write(
        "data/2024-03-01/till-6.jsonl",
        "{\"isbn\":\"c1\"}\n\n{\"isbn\":\"c2\",\"copies\":\"many\"}\n",
    );
    let ran = project.ok(&RUN);
    ran.assert_err("set aside: 2 rows, duplicate_key");
    let rejected: Vec<(String, i64, String)> = reading::rejected(&project.path(ROWS))
        .into_iter()
        .map(|row| (row.file, row.row, row.reason))
        .collect();
    let expected = [
        ("till-5.jsonl", 1, "duplicate_key"),
        ("till-5.jsonl", 3, "duplicate_key"),
        ("till-5.jsonl", 4, "not_json"),
        ("till-6.jsonl", 3, "wrong_type"),
    ];
    let expected = expected.map(|(file, row, reason)| (file.to_owned(), row, reason.to_owned()));
    assert_eq!(rejected, expected);
    assert_eq!(
        project.rows("SELECT copies FROM ingest.books WHERE isbn = 'b1'"),
        ["3"]
    );

    let before = project.lake_bytes();
    project.write("data/2024-03-01/till-7.jsonl", "<!doctype html>");
    let ran = project.fails(1, &RUN);
    ran.assert_err("till-7.jsonl");
    ran.assert_err("a web page");
    assert!(project.lake_bytes() == before, "the day stays");
}

#[test]
fn a_day_without_any_is_told() {
    let project = parts();
    let mut run = RUN.to_vec();
    run.extend(["--dates", "2024-03-02"]);
    let ran = project.fails(1, &run);
    ran.assert_err("no file matches data/2024-03-02/till-*.jsonl");
    let ran = project.fails(
        1,
        &["run", "--source", "till", "--from", "da*/{date}.jsonl"],
    );
    ran.assert_err("`*` may stand in the name of the file only");
}
