//! Tables that are published.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use crate::books;
use crate::harness::{Project, assert_same};

const DATE: &str = "2024-03-01";

/// What a place holds, without times.
fn place(project: &Project) -> BTreeMap<String, Vec<u8>> {
    contents(project, "out")
}

fn contents(project: &Project, place: &str) -> BTreeMap<String, Vec<u8>> {
    let files = project.files(place).into_iter();
    files.map(|(path, (bytes, _))| (path, bytes)).collect()
}

fn text(project: &Project, name: &str) -> String {
    fs::read_to_string(project.path(&format!("out/{name}"))).unwrap()
}

#[test]
fn tables_are_published_once() {
    let project = books::made();
    let first = project.ok(&["publish", "--to", "out"]);
    assert!(
        first
            .out
            .starts_with("published to out: 3 tables, 1 snapshot, 3 files, "),
        "{first}"
    );
    assert!(
        first.out.contains("source    till, licence: not stated"),
        "{first}"
    );
    let files = project.files("out");
    let second = project.ok(&["publish", "--to", "out"]);
    assert!(
        second
            .out
            .starts_with("out is up to date, nothing was written: 3 tables"),
        "{second}"
    );
    assert_eq!(project.files("out"), files);
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    let tables = names.iter().filter(|name| name.starts_with("aggregate/"));
    assert_eq!(tables.count(), 3, "{names:?}");
    let others: Vec<&&str> = names.iter().filter(|name| !name.contains('/')).collect();
    assert_eq!(
        others,
        [
            &"COLUMNS.md",
            &"README.md",
            &"SCHEMA_CHANGES.md",
            &"SHA256SUMS",
            &"croissant.json",
            &"datapackage.json",
            &"publication.json"
        ]
    );
    assert_eq!(
        names
            .iter()
            .filter(|name| name.starts_with("latest/"))
            .collect::<Vec<_>>(),
        [
            &"latest/cities.parquet",
            &"latest/overview.parquet",
            &"latest/shelves.parquet"
        ]
    );
}

#[test]
fn published_files_are_those_of_the_lake_and_name_no_place() {
    let project = books::made();
    project.ok(&["publish", "--to", "out"]);
    let record: serde_json::Value =
        serde_json::from_str(&text(&project, "publication.json")).unwrap();
    let file = &record["tables"]["cities"]["files"][DATE];
    let published =
        fs::read(project.path(&format!("out/{}", file["path"].as_str().unwrap()))).unwrap();
    let lake = format!("lake/aggregate/cities/snapshot_date={DATE}/part-00000.parquet");
    let lake = fs::read(project.path(&lake)).unwrap();
    assert_eq!(published, lake);
    assert_eq!(
        fs::read(project.path("out/latest/cities.parquet")).unwrap(),
        lake
    );
    assert_eq!(
        file["partition_blake3"],
        project.manifest("aggregate.cities", DATE)["file"]["blake3"]
    );
    let directory = project.path("").to_string_lossy().into_owned();
    for needle in [directory.as_bytes(), b"data/till", b"_rejected"] {
        for (path, bytes) in place(&project) {
            assert!(
                !bytes.windows(needle.len()).any(|found| found == needle),
                "{path}"
            );
        }
    }
}

#[test]
fn a_damaged_partition_is_not_published() {
    let project = books::made();
    project.ok(&["publish", "--to", "out"]);
    let before = place(&project);
    project.replace("data/reference/shops.csv", "harbour,Bergen", "harbour,Nice");
    let ran = project.ok(&["run"]);
    assert!(ran.out.contains("made"), "{ran}");
    let path = format!("lake/aggregate/cities/snapshot_date={DATE}/part-00000.parquet");
    let mut bytes = fs::read(project.path(&path)).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    project.write(&path, &bytes);
    let failed = project.fails(1, &["publish", "--to", "out"]);
    failed.assert_err("nothing was published: aggregate.cities");
    failed.assert_err("`hubcensus verify` says what makes it again");
    assert_eq!(place(&project), before);
    bytes[middle] ^= 0xff;
    project.write(&path, &bytes);
    project.ok(&["publish", "--to", "out"]);
    assert_ne!(place(&project), before);
}

#[test]
fn an_odbl_source_makes_an_odbl_dataset() {
    let project = books::project();
    project.replace(
        "pipelines/ingest/books.yaml",
        "    coverage: census\n",
        "    coverage: census\n    license: ODbL-1.0\n",
    );
    project.ok(&["run", "--source", "till", "--dates", DATE]);
    project.ok(&[
        "publish",
        "--to",
        "out",
        "--title",
        "Books",
        "--about",
        "What shops have.",
    ]);
    let card = text(&project, "README.md");
    assert!(card.contains("\nlicense:\n- odbl\n"), "{card}");
    assert!(card.contains("# Books\n\nWhat shops have.\n"), "{card}");
    assert!(
        card.contains("Contains information from `till`, which is made available here under the Open Database License (ODbL)"),
        "{card}"
    );
}

#[test]
fn places_and_tables_that_are_none_are_told() {
    let project = books::made();
    let ran = project.fails(1, &["publish", "--to", "lake"]);
    ran.assert_err("lake is no place to publish to: it has a lake and no publication.json");
    project.write("notes/README.md", "Mine.");
    let ran = project.fails(1, &["publish", "--to", "notes"]);
    ran.assert_err("notes is no place to publish to: it has README.md and no publication.json");
    assert_eq!(
        fs::read_to_string(project.path("notes/README.md")).unwrap(),
        "Mine."
    );
    let ran = project.fails(2, &["publish", "--to", "out", "aggregate.citys"]);
    ran.assert_err("aggregate.cities");
    let ran = project.fails(1, &["publish", "--to", "out", "--dates", "1999-01-01"]);
    ran.assert_err("there is nothing to publish: lake has no snapshot of aggregate.cities … aggregate.shelves for the dates asked for");
    assert!(!project.path("out/README.md").exists());
    let ran = project.fails(1, &["publish", "--to", "out", "--lake", "nothing"]);
    ran.assert_err("there is no lake at nothing");
}

/// What of a place is not as its record says.
fn problems(project: &Project) -> Vec<String> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let out = project.path("out");
        let place = hubcensus_publish::Place::open(out.to_str().unwrap()).await;
        hubcensus_publish::verify(&place.unwrap()).await.unwrap()
    })
}

#[test]
fn killed_at_any_moment_the_last_publication_stays_whole_and_the_next_run_mends() {
    let project = books::made();
    project.ok(&["publish", "--to", "out"]);
    let shops = "data/reference/shops.csv";
    let cities = ["Bergen", "Nice", "Bergen"];
    let mut draw = 7_u64;
    let mut cut_off = 0;
    for round in 0..10 {
        let [was, is] =
            [cities[round % 2], cities[round % 2 + 1]].map(|city| format!("harbour,{city}"));
        project.replace(shops, &was, &is);
        project.ok(&["run"]);
        let mut publish = project
            .command(&["publish", "--to", "out"])
            .spawn()
            .unwrap();
        // Half of them while they write, at whatever moment of that.
        while round % 2 == 0
            && !project.path("out/.publishing").exists()
            && publish.try_wait().unwrap().is_none()
        {
            std::thread::sleep(Duration::from_micros(200));
        }
        draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        std::thread::sleep(Duration::from_micros((draw >> 33) % 60_000));
        cut_off += usize::from(publish.try_wait().unwrap().is_none());
        publish.kill().unwrap();
        publish.wait().unwrap();
        assert_eq!(problems(&project), Vec::<String>::new(), "round {round}");

        project.ok(&["publish", "--to", "out"]);
        assert_eq!(problems(&project), Vec::<String>::new(), "round {round}");
        let again = project.ok(&["publish", "--to", "out"]);
        again.assert_out("out is up to date, nothing was written");
        let undisturbed = format!("undisturbed-{}", round % 2);
        project.ok(&["publish", "--to", &undisturbed]);
        assert_same(&contents(&project, &undisturbed), &place(&project));
    }
    assert!(cut_off > 4, "{cut_off} of 10 were cut off");
}
