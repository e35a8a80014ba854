//! Files that can be read and are not what their source's entry says: what is
//! said of them, and what is kept. By the project's own sources.

use std::fmt::Write as _;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;

use crate::books;
use crate::harness::{Project, Ran, assert_same};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Reads `models_{date}` of an ending by one of the project's own sources, and
/// makes `tables` of it.
fn run(project: &Project, source: &str, ending: &str, tables: &[&str]) -> Ran {
    let from = format!("models_{{date}}.{ending}");
    let mut args = vec![
        "run",
        "--project",
        ROOT,
        "--lake",
        "lake",
        "--source",
        source,
    ];
    args.extend(["--from", from.as_str()]);
    args.extend(tables);
    project.hubcensus(&args)
}

fn rows(project: &Project, sql: &str) -> Vec<String> {
    let query = [
        "query",
        "--project",
        ROOT,
        "--lake",
        "lake",
        "--format",
        "csv",
        sql,
    ];
    let ran = project.ok(&query);
    ran.out.lines().skip(1).map(str::to_owned).collect()
}

/// `n` models as the Hub's API gives them, with more members each.
fn api_items(n: usize, more: impl Fn(usize) -> String) -> String {
    let mut lines = String::new();
    for at in 0..n {
        let more = more(at);
        writeln!(
            lines,
            r#"{{"id":"acme/m{at}","author":"acme","createdAt":"2024-01-01T00:00:00.000Z","downloads":{at}{more}}}"#
        )
        .unwrap();
    }
    lines
}

fn parquet(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

/// A day that is there, then the file replaced by `bad`: it fails, and the day
/// stays.
fn the_day_stays(source: &str, ending: &str, good: &[u8], bad: &[u8], says: &[&str]) {
    let project = Project::empty();
    let file = format!("models_2024-03-01.{ending}");
    project.write(&file, good);
    let ran = run(&project, source, ending, &["ingest"]);
    assert_eq!(ran.code, 0, "{ran}");
    let before = project.lake();
    project.write(&file, bad);
    let ran = run(&project, source, ending, &["ingest"]);
    assert_eq!(ran.code, 1, "{ran}");
    let failed = ran.err_line("FAILED");
    for text in says {
        assert!(failed.contains(text), "expected `{text}`\n{ran}");
    }
    let mut after = project.lake();
    after.remove("_rejected/ingest/models/2024-03-01/rows.parquet");
    assert_same(&before, &after);
    assert_eq!(rows(&project, "SELECT count(*) FROM ingest.models"), ["20"]);
}

#[test]
fn an_error_of_a_server_replaces_no_day() {
    the_day_stays(
        "hub-api",
        "jsonl",
        api_items(20, |_| String::new()).as_bytes(),
        b"{\"error\":\"Too many requests. Try again in 280 seconds.\"}\n",
        &[
            "none of the 1 rows of models_2024-03-01.jsonl is usable, all were set aside; no row has `_id`, `id`",
            "; not read: `error`",
        ],
    );
    let models: Vec<String> = (0..20)
        .map(|at| format!("{{\"id\":\"acme/m{at}\"}}"))
        .collect();
    the_day_stays(
        "starscreener",
        "json",
        format!("{{\"models\":[{}]}}", models.join(",")).as_bytes(),
        br#"{"error":"Service Unavailable","models":[{"error":"timeout"}]}"#,
        &["none of the 1 rows of models_2024-03-01.json is usable"],
    );
}

#[test]
fn a_column_of_another_spelling_replaces_no_day() {
    let ids: ArrayRef = Arc::new(StringArray::from_iter_values(
        (0..20).map(|at| format!("acme/m{at}")),
    ));
    let likes: ArrayRef = Arc::new(Int64Array::from_iter_values(0..20));
    let good = parquet(vec![
        ("id", Arc::clone(&ids)),
        ("likes", Arc::clone(&likes)),
    ]);
    let bad = parquet(vec![("ID", ids), ("likes", likes)]);
    the_day_stays(
        "hub-stats",
        "parquet",
        &good,
        &bad,
        &[
            "none of the 20 rows of models_2024-03-01.parquet is usable, all were set aside; no row has `id` (there is `ID`), ",
        ],
    );
}

#[test]
fn a_column_that_no_row_has_is_said_and_counted() {
    let project = books::project();
    let till = "data/till_2024-03-01.jsonl";
    let run = ["run", "--source", "till", "--dates", "2024-03-01", "ingest"];
    project.replace(
        "pipelines/ingest/books.yaml",
        "      copies: {type: int64}\n",
        "      copies: {type: int64, path: coppies}\n      colour: {type: utf8, optional: true}\n",
    );
    project.write(till, books::MARCH_1);
    let ran = project.ok(&run);
    ran.assert_err("odd: 5 rows, absent_column_copies, no row has `coppies`; there is `copies`");
    assert!(!ran.err.contains("colour"), "{ran}");
    let counts = &project.manifest("ingest.books", "2024-03-01")["facts"]["counts"];
    assert_eq!(counts["warning:absent_column_copies"], 5);
    assert_eq!(counts.get("warning:absent_column_colour"), None);

    // Names that are not alike cannot be guessed: then what is not read is listed.
    project.write(till, books::MARCH_1.replace("copies", "exemplaires"));
    project.ok(&run).assert_err(
        "odd: 5 rows, absent_column_copies, no row has `coppies`; not read: `exemplaires`",
    );
}

#[test]
fn keys_that_a_tool_has_flattened_are_read() {
    let project = Project::empty();
    let more = |at: usize| {
        let elements = 1_000_000 * (at + 1);
        format!(
            r#","cardData.license":"mit","cardData.language":["fr"],"safetensors.total":{elements},"safetensors.parameters.BF16":{elements},"baseModels.relation":"finetune""#
        )
    };
    project.write("models_2024-03-01.jsonl", api_items(40, more));
    let ran = run(&project, "hub-api", "jsonl", &["ingest"]);
    assert_eq!(ran.code, 0, "{ran}");
    assert!(!ran.err.contains("odd:"), "{ran}");
    assert_eq!(
        rows(
            &project,
            "SELECT count(*), sum(safetensors_total), min(license), max(license), min(languages[1]), \
             count(base_model_relation), max(safetensors_parameters[1]) FROM ingest.models"
        ),
        // 1 + … + 40 = 820.
        ["40,820000000,mit,mit,fr,40,BF16=9000000"]
    );
}

#[test]
fn norwegian_that_yaml_took_for_false() {
    let project = Project::empty();
    let more = |at: usize| match at {
        3 => r#","tags":["transformers",false,"nn-NO"]"#.to_owned(),
        5 => r#","tags":["en","no"],"cardData":{"language":["en",false]}"#.to_owned(),
        _ => r#","tags":["transformers","en"]"#.to_owned(),
    };
    project.write("models_2024-03-01.jsonl", api_items(40, more));
    let ran = run(
        &project,
        "hub-api",
        "jsonl",
        &["ingest", "normalize", "enrich"],
    );
    assert_eq!(ran.code, 0, "{ran}");
    ran.assert_err("odd: 1 row, member_not_text_tags, such as false in row 4");
    assert_eq!(rows(&project, "SELECT count(*) FROM ingest.models"), ["40"]);
    assert_eq!(
        rows(
            &project,
            "SELECT id, value, language, origin FROM enrich.model_languages \
             WHERE id IN ('acme/m3', 'acme/m5') ORDER BY id, value"
        ),
        [
            "acme/m3,false,no,tag",
            "acme/m5,en,en,card",
            "acme/m5,false,no,card"
        ]
    );
}

#[test]
fn numbers_that_are_none_are_null_and_counted() {
    let project = Project::empty();
    let more = |at: usize| match at % 4 {
        0 => r#","trendingScore":NaN,"usedStorage":NaN"#.to_owned(),
        _ => r#","trendingScore":1.5,"usedStorage":7"#.to_owned(),
    };
    project.write("models_2024-03-01.jsonl", api_items(40, more));
    let ran = run(&project, "hub-api", "jsonl", &["ingest"]);
    assert_eq!(ran.code, 0, "{ran}");
    ran.assert_err("odd: 10 rows, not_finite_trending_score, such as NaN in row 1");
    ran.assert_err("odd: 10 rows, not_finite_used_storage, such as NaN in row 1");
    assert_eq!(
        rows(
            &project,
            "SELECT count(*), count(trending_score), sum(storage_bytes) FROM ingest.models"
        ),
        ["40,30,210"]
    );
}

/// Nothing reads from a pipe before something is written to it.
#[cfg(unix)]
#[test]
fn a_pipe_is_no_file() {
    let project = books::project();
    let pipe = project.path("data/till_2024-03-01.jsonl");
    std::fs::remove_file(&pipe).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let ran = project.fails(
        1,
        &["run", "--source", "till", "--dates", "2024-03-01", "ingest"],
    );
    ran.err_line("data/till_2024-03-01.jsonl is no regular file");
}

/// What a source does not map is null where it may be; what may not be is
/// named, all at once.
#[test]
fn a_source_maps_what_it_has() {
    let project = books::project();
    let books = "pipelines/ingest/books.yaml";
    let query = "SELECT isbn, title, shop, genre, copies, price, printed FROM source";
    project.replace(books, query, "SELECT isbn, copies FROM source");
    project.ok(&["run", "--source", "till", "--dates", "2024-03-01", "ingest"]);
    assert_eq!(
        project.rows("SELECT isbn, title, copies, printed FROM ingest.books ORDER BY isbn LIMIT 2"),
        ["b1,,3,", "b2,,2,"]
    );
    let title = "title: {type: utf8, nullable: true, description: Its title.}\n      shop";
    project.replace(
        books,
        title,
        "title: {type: utf8, description: Its title.}\n      shop",
    );
    project.replace(books, "SELECT isbn, copies FROM", "SELECT copies FROM");
    let ran = project.hubcensus(&["check"]);
    assert_ne!(ran.code, 0, "{ran}");
    ran.assert_err(
        "source `till` gives none of the columns `isbn`, `title`, which may not be null",
    );
}

#[test]
fn a_csv_that_was_cut_off_fails() {
    let project = Project::empty();
    let whole =
        "model,downloads,task,sha,private\na/b,12345,fill-mask,00,False\nc/d,67890,,01,True\n";
    project.write("models_2024-03-01.csv", whole);
    let ran = run(&project, "census-2022-07", "csv", &["ingest"]);
    assert_eq!(ran.code, 0, "{ran}");
    // Within the number of downloads, within the last word, and before the end of the line.
    for cut in [40, whole.len() - 3, whole.len() - 1] {
        project.write("models_2024-03-01.csv", &whole[..cut]);
        let ran = run(&project, "census-2022-07", "csv", &["ingest"]);
        assert_eq!(ran.code, 1, "{cut}\n{ran}");
        let failed = ran.err_line("FAILED");
        assert!(
            failed.contains("models_2024-03-01.csv: cut off at byte "),
            "{ran}"
        );
    }
    assert_eq!(
        rows(
            &project,
            "SELECT id, downloads_30d FROM ingest.models ORDER BY id"
        ),
        ["a/b,12345", "c/d,67890"]
    );
}
