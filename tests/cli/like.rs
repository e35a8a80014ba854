//! Sources that have the shape of another, and what is their own all the same.

use std::fs;

use crate::harness::Project;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

const INGEST: &str = r#"stage: ingest
tables:
  - name: books
    description: Books.
    key: [id]
    sort: [id]
    columns:
      id: {type: utf8, description: Name.}
      told: {type: date32, description: Of which day.}
      source: {type: utf8, description: From where.}
      coverage: {type: utf8, description: How much.}
  - name: films
    description: Films.
    key: [id]
    sort: [id]
    columns:
      id: {type: utf8, description: Name.}
      source: {type: utf8, description: From where.}
sources:
  - name: shop
    description: A shop with both.
    license: Apache-2.0
    table: books
    coverage: census
    location: "data/shop/books_{date}.jsonl"
    format: ndjson
    columns: {id: {type: utf8}}
    query: SELECT id, $snapshot_date + $age AS told FROM source
    parameters: {age: {type: int64, value: -1, description: Days until it is told.}}
    tests:
      - name: told_the_day_before
        snapshot_date: 2024-03-01
        given: {source: [{id: b1}]}
        expect: [{id: b1, told: 2024-02-29, source: shop, coverage: census}]
  - name: shop
    description: A shop with both.
    license: Apache-2.0
    table: films
    coverage: census
    location: "data/shop/films_{date}.jsonl"
    format: ndjson
    columns: {id: {type: utf8}}
    query: SELECT id FROM source
  - name: mirror
    like: shop
    description: A copy of the shop's list.
    license: ODbL-1.0
    coverage: sample
    part: what was copied
    location: "data/mirror/{table}_{date}.jsonl"
    parameters: {age: {type: int64, value: 5}}
"#;

const AGGREGATE: &str = "stage: aggregate
jobs:
  - name: books
    description: Books.
    query: SELECT id, told, source, coverage FROM ingest.books
    key: [id]
    sort: [id]
    columns:
      id: {type: utf8, description: Name.}
      told: {type: date32, description: When.}
      source: {type: utf8, description: From where.}
      coverage: {type: utf8, description: How much.}
";

fn project() -> Project {
    let files = ["shop", "mirror"].map(|folder| format!("data/{folder}/books_2024-03-01.jsonl"));
    let films = "data/mirror/films_2024-03-01.jsonl";
    Project::of(&[
        ("pipelines/ingest/shops.yaml", INGEST),
        ("pipelines/aggregate/books.yaml", AGGREGATE),
        (&files[0], "{\"id\":\"b1\"}\n"),
        (&files[1], "{\"id\":\"b1\"}\n"),
        (films, "{\"id\":\"f1\"}\n"),
    ])
}

const BOOKS: &str = "SELECT id, told, source, coverage FROM aggregate.books";

#[test]
fn it_has_the_others_tables_and_its_own_name_place_and_licence() {
    let project = project();
    project.ok(&["check"]).assert_out("2 sources");
    project.ok(&["test"]).assert_out("1 passed, 0 failed");
    project.ok(&["sources"]).assert_out(
        "mirror\n  A copy of the shop's list.\n  sample: what was copied; licence: ODbL-1.0\n  \
         read like shop\n  ndjson from data/mirror/{table}_{date}.jsonl"
            .replace("{table}", "books")
            .as_str(),
    );
    let ran = project.ok(&["run", "--source", "mirror"]);
    ran.assert_tables("3 made, 0 up to date");
    assert_eq!(project.rows(BOOKS), ["b1,2024-03-06,mirror,sample"]);
    let films = project.rows("SELECT id, source FROM ingest.films");
    assert_eq!(films, ["f1,mirror"]);

    project.ok(&["publish", "--to", "out"]);
    let card = fs::read_to_string(project.path("out/README.md")).unwrap();
    assert!(card.contains("\nlicense:\n- odbl\n"), "{card}");
    assert!(card.contains("A copy of the shop's list."), "{card}");
    assert!(!card.contains("Apache"), "{card}");

    // The other's, of the same rows.
    let ran = project.ok(&["run", "--source", "shop"]);
    ran.assert_out("2 made");
    assert_eq!(project.rows(BOOKS), ["b1,2024-02-29,shop,census"]);
}

#[test]
fn what_changes_in_the_other_changes_in_it() {
    let project = project();
    let ingest = "pipelines/ingest/shops.yaml";
    let run = || project.ok(&["run", "--source", "mirror"]);
    run();
    project.replace(ingest, "    license: ODbL-1.0\n", "    license: MIT\n");
    run().assert_tables("0 made, 3 up to date");
    project.replace(ingest, "value: 5}", "value: 6}");
    run().assert_tables("2 made, 1 up to date");
    assert_eq!(project.rows(BOOKS), ["b1,2024-03-07,mirror,sample"]);
    // Its own value counts, not the other's.
    project.replace(ingest, "value: -1,", "value: -2,");
    run().assert_tables("0 made, 3 up to date");
    project.replace(ingest, "SELECT id, $snap", "SELECT upper(id) AS id, $snap");
    run().assert_tables("2 made, 1 up to date");
    assert_eq!(project.rows(BOOKS), ["B1,2024-03-07,mirror,sample"]);

    // A mistake is told once, where it is.
    project.replace(ingest, "SELECT upper(id)", "SELECT upper(ident)");
    let ran = project.fails(3, &["check"]);
    ran.assert_err("error: the pipeline files have 1 mistake");
}

/// The weekly archive is under another licence than the daily one, and younger than its dates.
#[test]
fn the_weekly_archive_is_read_like_the_daily_one() {
    let project = Project::empty();
    let sample = ["sample", "--models", "1252", "--out", "sample"];
    project.ok(&[&sample[..], &["--project", ROOT]].concat());
    let lake = ["--project", ROOT, "--lake", "lake"];
    let run = ["run", "ingest.models", "--source", "hub-weekly", "--from"];
    project.ok(&[&run[..], &["sample/models_{date}.parquet"], &lake].concat());
    let counted = "SELECT source, counters_date, count(*) AS n FROM ingest.models GROUP BY 1, 2";
    let ran = project.ok(&[&["query", "--format", "csv", counted], &lake[..]].concat());
    let rows: Vec<&str> = ran.out.lines().skip(1).collect();
    assert_eq!(rows, ["hub-weekly,2025-10-06,1252"]);
}
