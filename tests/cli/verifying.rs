//! The lake against its manifests.

use std::fs;

use crate::books;
use crate::harness::{Project, assert_same};

const CITIES: &str = "lake/aggregate/cities/snapshot_date=2024-03-01/part-00000.parquet";

/// Changes one byte in the middle of a file.
fn flip(project: &Project, path: &str) {
    let mut bytes = fs::read(project.path(path)).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    project.write(path, bytes);
}

#[test]
fn a_sound_lake() {
    let project = books::made();
    let verified = project.ok(&["verify"]);
    assert_eq!(
        verified.out,
        "6 partitions of lake: all as their manifests say\n"
    );
}

#[test]
fn a_lake_that_is_none_is_told() {
    let project = books::made();
    project.write("folder/README.md", "No lake.");
    for (lake, why) in [
        (
            "nothing",
            "there is no lake at nothing: there is no such directory",
        ),
        (
            "folder",
            "there is no lake at folder: the directory has no `_manifests`",
        ),
    ] {
        for verb in [
            &["verify"][..],
            &["plan"],
            &["run"],
            &["tables"],
            &["show", "aggregate.cities"],
            &["query", "SELECT count(*) FROM aggregate.cities"],
        ] {
            let ran = project.fails(1, &[verb, &["--lake", lake]].concat());
            ran.assert_err(why);
        }
        let planned = project.ok(&[
            "plan",
            "--lake",
            lake,
            "--source",
            "till",
            "--dates",
            "2024-03-01",
        ]);
        planned.assert_out(&format!(
            "{lake} is no lake yet: `hubcensus run` makes it one"
        ));
    }
}

#[test]
fn every_kind_of_damage_is_found() {
    let project = books::made();
    let file = |table: &str| format!("lake/{table}/snapshot_date=2024-03-01/part-00000.parquet");
    flip(&project, CITIES);
    project.remove(&file("aggregate/overview"));
    let cut = fs::read(project.path(&file("ingest/books"))).unwrap();
    project.write(&file("ingest/books"), &cut[..100]);
    project.write(
        "lake/aggregate/cities/snapshot_date=2024-03-01/part-00001.parquet",
        "stray",
    );
    project.write("lake/_manifests/normalize/books/2024-03-01.json", "{}");
    project.write(
        "lake/README.md",
        "What lies beside the tables is nobody's affair.",
    );
    let ran = project.fails(1, &["verify"]);
    for found in [
        "aggregate.cities of 2024-03-01: aggregate/cities/snapshot_date=2024-03-01/part-00000.parquet was changed",
        "aggregate.overview of 2024-03-01: aggregate/overview/snapshot_date=2024-03-01/part-00000.parquet is missing",
        "ingest.books of 2024-03-01: ingest/books/snapshot_date=2024-03-01/part-00000.parquet has 100 bytes instead of ",
        "aggregate/cities/snapshot_date=2024-03-01/part-00001.parquet belongs to no manifest",
        "_manifests/normalize/books/2024-03-01.json cannot be read",
        // Its manifest being no longer one, the file is nobody's.
        "normalize/books/snapshot_date=2024-03-01/part-00000.parquet belongs to no manifest",
    ] {
        ran.assert_out(found);
    }
    ran.assert_out(": 6 problems");
    assert!(!ran.out.contains("README"), "{ran}");
}

#[test]
fn verify_changes_nothing() {
    let project = books::made();
    flip(&project, CITIES);
    let before = project.files("lake");
    project.fails(1, &["verify"]);
    assert_same(&before, &project.files("lake"));
}

const BY_A_RUN: &str = "`hubcensus run` makes again what is missing or damaged";

/// What is said to be made again is made again.
fn mended_by_a_run(damage: fn(&Project), by: &str) {
    let project = books::made();
    let before = project.lake_bytes();
    damage(&project);
    project.fails(1, &["verify"]).assert_out(by);
    project.ok(&["run", "--source", "till", "--dates", "2024-03-01"]);
    let ran = project.hubcensus(&["verify"]);
    assert_eq!(ran.code, 0, "{ran}");
    assert_same(&before, &project.lake_bytes());
}

#[test]
fn a_run_mends_what_is_missing() {
    mended_by_a_run(|project| project.remove(CITIES), BY_A_RUN);
}

#[test]
fn a_run_mends_what_was_cut() {
    mended_by_a_run(|project| project.write(CITIES, "PAR1"), BY_A_RUN);
}

#[test]
fn a_run_mends_what_was_changed() {
    mended_by_a_run(|project| flip(project, CITIES), BY_A_RUN);
}

#[test]
fn a_run_mends_a_manifest() {
    mended_by_a_run(
        |project| project.write("lake/_manifests/aggregate/cities/2024-03-01.json", "{"),
        BY_A_RUN,
    );
}

#[test]
fn a_run_mends_what_was_ingested() {
    mended_by_a_run(
        |project| project.remove("lake/ingest/books/snapshot_date=2024-03-01/part-00000.parquet"),
        "`hubcensus run --source till --dates 2024-03-01` reads again what came from till",
    );
}
