//! Snapshots in which base models are as many as the edges to them, so that
//! other sides of joins are built than in a snapshot of the whole Hub.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::datatypes::Int64Type;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use serde_json::{Value, json};

use crate::harness::{Project, Ran};
use crate::reading;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const DATA: &str = "HUBCENSUS_REAL_DATA";

/// A model with its downloads of 30 days, a tenth of those of all time, and
/// what it was made from.
fn model(id: &str, downloads: i64, relation: &str, bases: &[&str]) -> Value {
    let mut model = json!({
        "_id": format!("{downloads:024}"),
        "id": id,
        "author": id.split('/').next(),
        "createdAt": "2025-01-01T10:00:00.000Z",
        "lastModified": "2026-04-01T08:00:00.000Z",
        "downloads": downloads,
        "downloadsAllTime": downloads * 10,
        "likes": 1,
        "tags": ["transformers"],
        "private": false,
        "gated": false,
    });
    if !bases.is_empty() {
        let bases: Vec<Value> = bases
            .iter()
            .map(|id| json!({"_id": "1", "id": id}))
            .collect();
        model["baseModels"] = json!({"relation": relation, "models": bases});
    }
    model
}

fn write(project: &Project, date: &str, models: &[Value]) {
    let lines: Vec<String> = models.iter().map(|model| format!("{model}\n")).collect();
    project.write(&format!("models_{date}.jsonl"), lines.concat());
}

fn run(project: &Project, source: &str) -> Ran {
    project.ok(&[
        "run",
        "+aggregate.model_impact",
        "--project",
        ROOT,
        "--lake",
        "lake",
        "--source",
        source,
        "--from",
        "models_{date}.jsonl",
    ])
}

fn table(project: &Project, name: &str, date: &str) -> RecordBatch {
    let path = format!("lake/aggregate/{name}/snapshot_date={date}/part-00000.parquet");
    reading::batch(&project.path(&path))
}

/// Some columns of a table, row by row.
fn rows(project: &Project, name: &str, date: &str, columns: &[&str]) -> Vec<String> {
    let batch = table(project, name, date);
    let options = FormatOptions::new().with_null("-");
    let values = |row: usize| {
        let values = columns.iter().map(|column| {
            let column = batch.column_by_name(column).unwrap();
            let values = ArrayFormatter::try_new(column, &options).unwrap();
            values.value(row).to_string()
        });
        values.collect::<Vec<_>>().join(" ")
    };
    (0..batch.num_rows()).map(values).collect()
}

const DERIVATIVES: [&str; 9] = [
    "rank",
    "base_model",
    "in_snapshot",
    "children",
    "finetunes",
    "merges",
    "descendants",
    "depth",
    "descendants_downloads_30d",
];

#[test]
fn base_models_as_many_as_the_edges_to_them() {
    let project = Project::empty();
    let first = [
        model("alpha/one", 1_000, "", &[]),
        model("beta/two", 20, "finetune", &["gone/x"]),
        model("gamma/three", 10, "finetune", &["gone/y"]),
    ];
    let second = [
        model("alpha/one", 100, "", &[]),
        model("beta/two", 50, "finetune", &["alpha/one"]),
        model("gamma/three", 20, "finetune", &["beta/two"]),
        model("delta/four", 8, "merge", &["gone/z", "alpha/one", "gone/a"]),
        model("epsilon/five", 3, "finetune", &["delta/four"]),
    ];
    write(&project, "2026-05-01", &first);
    write(&project, "2026-05-02", &second);
    run(&project, "hub-api");

    assert_eq!(
        rows(&project, "derivatives", "2026-05-01", &DERIVATIVES),
        ["1 gone/x false 1 1 0 1 1 20", "2 gone/y false 1 1 0 1 1 10"]
    );
    // Those that others descend from are not in the snapshot.
    assert_eq!(table(&project, "model_impact", "2026-05-01").num_rows(), 0);

    assert_eq!(
        rows(&project, "derivatives", "2026-05-02", &DERIVATIVES),
        [
            "1 alpha/one true 2 1 1 4 2 81",
            "2 gone/a false 1 0 1 2 2 11",
            "3 gone/z false 1 0 1 2 2 11",
            "4 beta/two true 1 1 0 1 1 20",
            "5 delta/four true 1 1 0 1 1 3",
        ]
    );
    // In the order of the source, not of the names.
    let missing = rows(
        &project,
        "derivatives",
        "2026-05-02",
        &["base_model", "missing_parents"],
    );
    assert_eq!(missing[4], "delta/four [gone/z, gone/a]");
    let impact = [
        "period",
        "impact_rank",
        "own_rank",
        "id",
        "descendants",
        "impact",
    ];
    assert_eq!(
        rows(&project, "model_impact", "2026-05-02", &impact),
        [
            "all_time 1 1 alpha/one 4 1810",
            "all_time 2 2 beta/two 1 700",
            "all_time 4 4 delta/four 1 110",
            "last_30d 1 1 alpha/one 4 181",
            "last_30d 2 2 beta/two 1 70",
            "last_30d 4 4 delta/four 1 11",
        ]
    );
}

#[test]
fn the_first_models_of_a_real_crawl() {
    let Some(data) = std::env::var_os(DATA) else {
        eprintln!("skipped: {DATA} is not set to a folder with real snapshots");
        return;
    };
    let path = Path::new(&data).join("radar/models_2026-08-19.jsonl.zst");
    let file = File::open(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let lines = BufReader::new(zstd::Decoder::new(file).unwrap()).lines();
    let models: Vec<Value> = lines
        .take(200)
        .map(|line| serde_json::from_str(&line.unwrap()).unwrap())
        .collect();
    let project = Project::empty();
    write(&project, "2026-08-19", &models);
    run(&project, "radar");

    // Of the models that are still there, what their tags say (`base_model:OWNER/NAME`), or
    // where these say nothing, their cards.
    let mut edges: Vec<(&str, &str)> = Vec::new();
    for model in models.iter().filter(|model| model["removed"] != true) {
        let tags = model["tags"].as_array().unwrap().iter();
        let tags = tags.filter_map(|tag| tag.as_str()?.strip_prefix("base_model:"));
        let mut named: Vec<&str> = tags.filter(|base| !base.contains(':')).collect();
        if named.is_empty() {
            let card = model["base_model"].as_str().unwrap_or_default();
            named.extend(
                card.split(',')
                    .map(str::trim)
                    .filter(|base| !base.is_empty()),
            );
        }
        let id = model["id"].as_str().unwrap();
        edges.extend(named.into_iter().map(|base| (id, base)));
    }
    // A model that names itself is made from nothing.
    edges.retain(|(id, base)| id != base);
    edges.sort_unstable();
    edges.dedup();
    let derivatives = table(&project, "derivatives", "2026-08-19");
    let found = derivatives.column_by_name("base_model").unwrap();
    let mut found: Vec<&str> = found.as_string::<i32>().iter().flatten().collect();
    found.sort_unstable();
    let mut named: Vec<&str> = edges.iter().map(|(_, base)| *base).collect();
    named.sort_unstable();
    named.dedup();
    assert_eq!(found, named);
    let children = derivatives.column_by_name("children").unwrap();
    let children = children.as_primitive::<Int64Type>();
    assert_eq!(children.null_count(), 0);
    let all: i64 = children.values().iter().sum();
    assert_eq!(usize::try_from(all).unwrap(), edges.len());
}
