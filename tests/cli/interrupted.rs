//! One writer at a time, and writers that are killed.

use std::io::{BufRead as _, BufReader};
use std::process::Child;

use crate::books::{self, DATES};
use crate::harness::{Project, Ran, assert_same};

/// A table that takes minutes: 5 to the power of 14 rows to be added up.
fn slow() -> String {
    let many: Vec<String> = (0..14).map(|at| format!("ingest.books b{at}")).collect();
    format!(
        "stage: aggregate
jobs:
  - name: slow
    description: Takes long.
    query: SELECT CAST(sum(b0.copies * b13.copies) AS BIGINT) AS n FROM {}
    key: [n]
    sort: [n]
    columns: {{n: {{type: int64, nullable: true, description: N.}}}}
",
        many.join(" CROSS JOIN ")
    )
}

/// A run that is given this many lines to say before it is killed.
fn killed_after(project: &Project, lines: usize, args: &[&str]) {
    let mut run = project.command(args).spawn().unwrap();
    wait_for_lines(&mut run, lines);
    run.kill().unwrap();
    run.wait().unwrap();
}

/// Until so many steps have been reported; what is odd about one stands on lines of its own.
fn wait_for_lines(run: &mut Child, lines: usize) {
    let said = BufReader::new(run.stderr.take().unwrap())
        .lines()
        .map(Result::unwrap)
        .filter(|line| line.starts_with("2024-"))
        .take(lines)
        .count();
    assert_eq!(said, lines, "the run ended before");
}

#[test]
fn one_writer_at_a_time() {
    let project = books::project();
    project.write("pipelines/aggregate/slow.yaml", slow());
    let run = ["run", "-v", "--source", "till", "--dates", DATES[0]];
    let mut first = project.command(&run).spawn().unwrap();
    // What it says first is that the books are read; the slow table is next.
    wait_for_lines(&mut first, 1);
    let holder = format!("process {}", first.id());
    let refused = project.fails(1, &["run", "--source", "till", "--dates", DATES[1]]);
    refused.assert_err(&format!("lake is being written to by {holder}"));
    assert!(!project.lake().keys().any(|path| path.contains(DATES[1])));
    // Who only looks is not kept waiting, nor is another lake.
    project
        .ok(&["show", "ingest.books"])
        .assert_out("5 of 5 rows");
    project.ok(&["plan", "--source", "till"]);
    project.ok(&[
        "run", "--lake", "other", "--source", "till", "--dates", DATES[1], "ingest",
    ]);
    first.kill().unwrap();
    first.wait().unwrap();

    // Killed, it keeps nothing.
    let again = project.ok(&["run", "--source", "till", "--dates", DATES[1], "ingest"]);
    again.assert_tables("1 made, 0 up to date");
    project.ok(&["verify"]);
}

#[test]
fn what_a_killed_run_left_is_swept_up() {
    let project = books::made();
    let before = project.lake_bytes();
    project.write(
        "lake/_staging/ingest.books.2024-03-01.x.parquet",
        "half a file",
    );
    project
        .fails(1, &["verify"])
        .assert_out("was left by a run that was cut off");
    project.ok(&["run", "--source", "till", "--dates", DATES[0]]);
    project.ok(&["verify"]);
    assert_same(&before, &project.lake_bytes());
}

#[test]
fn killed_anywhere_the_next_run_ends_in_the_same_bytes() {
    let run = ["run", "-v", "--source", "till"];
    let undisturbed = books::project();
    undisturbed.ok(&run);

    let project = books::project();
    for lines in [1, 2, 5, 4] {
        killed_after(&project, lines, &run);
    }
    let last: Ran = project.ok(&run);
    assert!(last.made().len() <= 6, "what was done stays done: {last}");
    assert_same(&undisturbed.lake_bytes(), &project.lake_bytes());
    project
        .ok(&["verify"])
        .assert_out("18 partitions of lake: all as their manifests say");
}
