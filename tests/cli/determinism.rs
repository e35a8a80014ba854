//! The same input gives the same bytes.

use std::fmt::Write as _;

use crate::books::{self, DATES, MARCH_1};
use crate::harness::{Project, Ran, assert_same};

const MEANS: &str = r"stage: aggregate
jobs:
  - name: worth
    description: What the books of a shop are worth.
    query: |
      SELECT shop, sum(price) AS worth, avg(price) AS mean, stddev(price) AS spread
      FROM ingest.books GROUP BY shop
    key: [shop]
    sort: [shop]
    columns:
      shop: {type: utf8, description: Whose.}
      worth: {type: float64, description: All together.}
      mean: {type: float64, description: One of them.}
      spread: {type: float64, description: How much they differ.}
";

/// Enough rows for several batches and parts, in no order.
fn many() -> String {
    let (shops, genres) = (["north", "south", "harbour"], ["novel", "atlas"]);
    let mut till = String::new();
    for at in 0..30_000_usize {
        let isbn = at * 7_919 % 30_000;
        writeln!(
            till,
            r#"{{"isbn":"i{isbn:05}","shop":"{}","genre":"{}","copies":{},"price":{}.{}}}"#,
            shops[at % 3],
            genres[at % 2],
            at % 7,
            at % 100,
            at % 10,
        )
        .unwrap();
    }
    till
}

/// Runs a project of many books into a lake of its own name.
fn run(project: &Project, lake: &str, cores: &str, zone: &str) -> Ran {
    let run = [
        "run", "--source", "till", "--dates", DATES[0], "--cores", cores, "--lake", lake,
    ];
    let ran = Ran::of(project.command(&run).env("TZ", zone).output().unwrap());
    assert_eq!(ran.code, 0, "{ran}");
    ran
}

fn tables(project: &Project, lake: &str) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut files = project.files(lake);
    files.retain(|path, _| path != "_lock" && !path.starts_with("_cache/"));
    files
        .into_iter()
        .map(|(path, (bytes, _))| (path, bytes))
        .collect()
}

#[test]
fn on_any_number_of_cores_and_in_any_time_zone() {
    let project = books::project();
    project.write("data/till_2024-03-01.jsonl", many());
    run(&project, "one", "1", "UTC");
    run(&project, "two", "2", "Pacific/Auckland");
    run(&project, "five", "5", "America/St_Johns");
    let one = tables(&project, "one");
    assert_eq!(one.len(), 12);
    assert_same(&one, &tables(&project, "two"));
    assert_same(&one, &tables(&project, "five"));
}

/// Fractions added up in another order come out otherwise in the last place.
#[test]
fn sums_of_fractions_on_any_number_of_cores() {
    let project = books::project();
    project.remove("pipelines/aggregate/books.yaml");
    project.write("pipelines/aggregate/worth.yaml", MEANS);
    project.write("data/till_2024-03-01.jsonl", many());
    run(&project, "one", "1", "UTC");
    run(&project, "two", "2", "UTC");
    assert_same(&tables(&project, "one"), &tables(&project, "two"));
}

#[test]
fn whatever_the_order_of_the_file() {
    let project = books::made();
    let before = project.lake_bytes();
    let mut rows: Vec<&str> = MARCH_1.lines().collect();
    rows.reverse();
    project.write(
        "data/till_2024-03-01.jsonl",
        format!("{}\n", rows.join("\n")),
    );
    let ran = project.ok(&["run", "--source", "till", "--dates", DATES[0]]);
    ran.assert_tables("1 made, 5 up to date");
    let mut after = project.lake_bytes();
    // The manifest of what was ingested names the file by its hash.
    let manifest = "_manifests/ingest/books/2024-03-01.json";
    assert_ne!(before[manifest], after[manifest]);
    after.insert(manifest.to_owned(), before[manifest].clone());
    assert_same(&before, &after);
}

#[test]
fn wherever_the_project_and_the_file_are() {
    let (here, there) = (books::made(), books::project());
    there.write("far/away/till_2024-03-01.jsonl", MARCH_1);
    there.remove("data/till_2024-03-01.jsonl");
    there.ok(&[
        "run",
        "--source",
        "till",
        "--from",
        "far/away/till_{date}.jsonl",
    ]);
    assert_same(&here.lake_bytes(), &there.lake_bytes());
    let from = format!(
        "file://{}",
        there.path("far/away/till_{date}.jsonl").display()
    );
    there
        .ok(&["run", "--source", "till", "--from", &from])
        .assert_tables("0 made, 6 up to date");
}
