//! A file that cannot be read fails its date; the other dates go on, and what
//! was in the lake stays.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;

use crate::books::{self, DATES, MARCH_1, MARCH_2, MARCH_3};
use crate::harness::{Project, assert_same};

/// Sources of other formats for the same table.
const SOURCES: &str = r"stage: ingest
sources:
  - name: chain
    description: Parquet.
    table: books
    coverage: census
    location: 'data/chain_{date}.parquet'
    format: parquet
    columns: {isbn: {type: utf8}, copies: {type: int64}}
    query: |
      SELECT isbn, CAST(NULL AS VARCHAR) AS title, CAST(NULL AS VARCHAR) AS shop,
             CAST(NULL AS VARCHAR) AS genre, copies, CAST(NULL AS DOUBLE) AS price,
             CAST(NULL AS DATE) AS printed
      FROM source
  - name: list
    description: JSON.
    table: books
    coverage: census
    location: 'data/list_{date}.json'
    format: json
    rows: books
    columns: {isbn: {type: utf8}, copies: {type: int64}}
    query: |
      SELECT isbn, CAST(NULL AS VARCHAR) AS title, CAST(NULL AS VARCHAR) AS shop,
             CAST(NULL AS VARCHAR) AS genre, copies, CAST(NULL AS DOUBLE) AS price,
             CAST(NULL AS DATE) AS printed
      FROM source
  - name: ledger
    description: CSV.
    table: books
    coverage: census
    location: 'data/ledger_{date}.csv'
    format: csv
    columns: {isbn: {type: utf8}, copies: {type: int64}}
    query: |
      SELECT isbn, CAST(NULL AS VARCHAR) AS title, CAST(NULL AS VARCHAR) AS shop,
             CAST(NULL AS VARCHAR) AS genre, copies, CAST(NULL AS DOUBLE) AS price,
             CAST(NULL AS DATE) AS printed
      FROM source
";

/// The three snapshots as `source` reads them, made; then the second file
/// replaced by `bad`, and the third by a good one that is new.
fn second_is_bad(
    source: &str,
    ending: &str,
    encode: fn(&str) -> Vec<u8>,
    bad: &[u8],
    says: &[&str],
) {
    let project = books::project();
    project.write("pipelines/ingest/sources.yaml", SOURCES);
    let name = |date: &str| format!("in/{source}_{date}.{ending}");
    for (date, rows) in DATES.into_iter().zip([MARCH_1, MARCH_2, MARCH_3]) {
        project.write(&name(date), encode(rows));
    }
    let from = format!("in/{source}_{{date}}.{ending}");
    let run = [
        "run",
        "--source",
        source,
        "--from",
        from.as_str(),
        "ingest",
        "normalize.books",
    ];
    project.ok(&run).assert_tables("6 made, 0 up to date");
    let before = project.lake();

    project.write(&name(DATES[1]), bad);
    project.write(&name(DATES[2]), encode(MARCH_2));
    let ran = project.fails(1, &run);
    let failed = ran.err_line("FAILED");
    assert!(failed.starts_with("2024-03-02  ingest.books"), "{ran}");
    for text in says.iter().copied().chain([name(DATES[1]).as_str()]) {
        assert!(failed.contains(text), "expected `{text}`\n{ran}");
    }
    ran.assert_tables("2 made, 2 up to date, 1 failed, 1 not made for that");
    ran.assert_step(
        "2024-03-02 normalize.books",
        "not made: ingest.books failed",
    );
    let mut after = project.lake();
    after.retain(|path, _| !path.contains(DATES[2]));
    let mut unchanged = before.clone();
    unchanged.retain(|path, _| !path.contains(DATES[2]));
    assert_same(&unchanged, &after);
    assert_eq!(
        project.rows(
            "SELECT isbn, copies FROM ingest.books WHERE snapshot_date = '2024-03-03' ORDER BY isbn"
        ),
        ["b1,8", "b3,12"]
    );

    // Mended, it is as if nothing had been.
    project.write(&name(DATES[1]), encode(MARCH_2));
    project.ok(&run).assert_tables("0 made, 6 up to date");
}

fn as_is(rows: &str) -> Vec<u8> {
    rows.as_bytes().to_vec()
}

fn half(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len() / 2]
}

/// What the rows have of isbn and copies.
fn pairs(rows: &str) -> Vec<(String, i64)> {
    rows.lines()
        .map(|line| {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            (
                row["isbn"].as_str().unwrap().to_owned(),
                row["copies"].as_i64().unwrap(),
            )
        })
        .collect()
}

fn parquet(rows: &str) -> Vec<u8> {
    let (isbns, copies): (Vec<String>, Vec<i64>) = pairs(rows).into_iter().unzip();
    let batch = RecordBatch::try_from_iter([
        ("isbn", Arc::new(StringArray::from(isbns)) as ArrayRef),
        ("copies", Arc::new(Int64Array::from(copies)) as ArrayRef),
    ])
    .unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

fn json(rows: &str) -> Vec<u8> {
    let rows: Vec<&str> = rows.lines().collect();
    format!("{{\"books\":[{}]}}", rows.join(",")).into_bytes()
}

fn csv(rows: &str) -> Vec<u8> {
    let rows = pairs(rows)
        .into_iter()
        .map(|(isbn, copies)| format!("{isbn},{copies}\n"));
    format!("isbn,copies\n{}", rows.collect::<String>()).into_bytes()
}

/// A gzip file with one block that is stored as it is.
fn gzip(rows: &str) -> Vec<u8> {
    let bytes = rows.as_bytes();
    let length = u16::try_from(bytes.len()).unwrap();
    let mut file = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1];
    file.extend(length.to_le_bytes());
    file.extend((!length).to_le_bytes());
    file.extend(bytes);
    file.extend(crc32(bytes).to_le_bytes());
    file.extend(u32::from(length).to_le_bytes());
    file
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 {
                (crc >> 1) ^ 0xedb8_8320
            } else {
                crc >> 1
            }
        })
    })
}

/// A zstd frame with one block that is stored as it is.
fn zstd(rows: &str) -> Vec<u8> {
    let bytes = rows.as_bytes();
    let length = u32::try_from(bytes.len()).unwrap();
    let mut file = vec![0x28, 0xb5, 0x2f, 0xfd, 0b1010_0000];
    file.extend(length.to_le_bytes());
    file.extend(&((length << 3) | 1).to_le_bytes()[..3]);
    file.extend(bytes);
    file
}

#[test]
fn empty_text() {
    second_is_bad("till", "jsonl", as_is, b"", &["the file is empty"]);
}

#[test]
fn empty_parquet() {
    second_is_bad("chain", "parquet", parquet, b"", &["the file is empty"]);
}

#[test]
fn no_rows() {
    second_is_bad("list", "json", json, b"{\"books\":[]}", &["holds no rows"]);
}

#[test]
fn parquet_cut_off() {
    second_is_bad("chain", "parquet", parquet, half(&parquet(MARCH_2)), &[]);
}

#[test]
fn gzip_cut_off() {
    let bytes = gzip(MARCH_2);
    second_is_bad(
        "till",
        "jsonl.gz",
        gzip,
        half(&bytes),
        &["cut off at byte "],
    );
}

#[test]
fn zstd_cut_off() {
    let bytes = zstd(MARCH_2);
    second_is_bad(
        "till",
        "jsonl.zst",
        zstd,
        half(&bytes),
        &["cut off at byte "],
    );
}

#[test]
fn json_cut_off() {
    second_is_bad(
        "list",
        "json",
        json,
        half(&json(MARCH_2)),
        &["cut off at byte "],
    );
}

/// Text that ends within a row.
#[test]
fn text_cut_off() {
    second_is_bad(
        "till",
        "jsonl",
        as_is,
        &MARCH_2.as_bytes()[..120],
        &["cut off at byte "],
    );
}

#[test]
fn text_called_parquet() {
    second_is_bad(
        "chain",
        "parquet",
        parquet,
        MARCH_2.as_bytes(),
        &["expected a Parquet file"],
    );
}

#[test]
fn text_called_gzip() {
    second_is_bad(
        "till",
        "jsonl.gz",
        gzip,
        MARCH_2.as_bytes(),
        &["expected a gzip file"],
    );
}

#[test]
fn gzip_called_text() {
    let bytes = gzip(MARCH_2);
    second_is_bad("till", "jsonl", as_is, &bytes, &["found a gzip file"]);
}

#[test]
fn a_web_page_called_json() {
    let page = b"<!DOCTYPE html><html><body>404</body></html>";
    second_is_bad("list", "json", json, page, &["found a web page"]);
}

#[test]
fn parquet_called_csv() {
    let bytes = parquet(MARCH_2);
    second_is_bad("ledger", "csv", csv, &bytes, &["found a Parquet file"]);
}

#[test]
fn json_without_the_rows() {
    second_is_bad("list", "json", json, b"{\"shops\":[]}", &["books"]);
}

/// Nothing was there before, and nothing is there then.
#[test]
fn missing() {
    let project = books::project();
    let run = [
        "run",
        "--source",
        "till",
        "--dates",
        "2024-02-29..2024-03-01",
    ];
    let plan = project.fails(
        1,
        &[
            "plan",
            "--source",
            "till",
            "--dates",
            "2024-02-29..2024-03-01",
        ],
    );
    plan.assert_out("cannot: ");
    let ran = project.fails(1, &run);
    let failed = ran.err_line("FAILED");
    assert!(failed.starts_with("2024-02-29  ingest.books"), "{ran}");
    assert!(
        failed.contains("data/till_2024-02-29.jsonl does not exist"),
        "{ran}"
    );
    ran.assert_tables("6 made, 0 up to date, 1 failed, 5 not made for that");
    assert!(
        project
            .lake()
            .keys()
            .all(|path| path.contains("2024-03-01"))
    );
}

/// What was there before stays, though the file it came from has gone.
#[test]
fn missing_by_now() {
    let project = books::project();
    project.ok(&["run", "--source", "till"]);
    let before = project.lake();
    project.remove("data/till_2024-03-02.jsonl");
    let all = [
        "run",
        "--source",
        "till",
        "--dates",
        "2024-03-01..2024-03-03",
    ];
    let ran = project.fails(1, &all);
    ran.assert_tables("0 made, 12 up to date, 1 failed, 5 not made for that");
    assert_same(&before, &project.lake());
}

/// The rows that were set aside belong to the partition that stays.
#[test]
fn rows_set_aside_before_stay_too() {
    let project = books::project();
    let till = "data/till_2024-03-01.jsonl";
    project.write(
        till,
        format!("{MARCH_1}{{\"isbn\":\"b6\",\"copies\":-1}}\n"),
    );
    let run = ["run", "--source", "till", "--dates", "2024-03-01"];
    project.ok(&run);
    let before = project.lake();
    assert!(before.contains_key("_rejected/ingest/books/2024-03-01/rows.parquet"));
    project.write(till, "");
    project.fails(1, &run);
    assert_same(&before, &project.lake());
}

#[test]
fn a_directory_without_snapshots() {
    let project = books::project();
    project.write("elsewhere/till-2024-03-01.jsonl", "{}");
    let run = |from: &str| project.fails(1, &["run", "--source", "till", "--from", from]);
    run("elsewhere/till_{date}.jsonl").assert_err(
        "no file matches elsewhere/till_{date}.jsonl: elsewhere has till-2024-03-01.jsonl",
    );
    run("nowhere/till_{date}.jsonl").assert_err("there is no folder nowhere");
    assert!(!project.path("lake").exists());
}

/// What is no file is told where it is met, and not waited for.
#[cfg(target_os = "linux")]
#[test]
fn what_is_no_regular_file() {
    let pipe = |project: &Project, path: &str| {
        let path = project.path(path);
        if path.exists() {
            std::fs::remove_file(&path).unwrap();
        }
        let made = std::process::Command::new("mkfifo").arg(path).status();
        assert!(made.unwrap().success());
    };
    let run = ["run", "--source", "till", "--dates", "2024-03-01"];
    let project = books::project();
    pipe(&project, "pipelines/normalize/pipe.yaml");
    project
        .fails(1, &["check"])
        .assert_err("pipelines/normalize/pipe.yaml is no regular file");

    let project = books::project();
    pipe(&project, "data/reference/shops.csv");
    project
        .fails(3, &["check"])
        .assert_err("data/reference/shops.csv is no regular file");

    let project = books::project();
    pipe(&project, "data/till_2024-03-01.jsonl");
    project
        .fails(1, &run)
        .assert_err("data/till_2024-03-01.jsonl is no regular file");

    let project = books::made();
    let part = "lake/aggregate/cities/snapshot_date=2024-03-01/part-00000.parquet";
    pipe(&project, part);
    project
        .fails(1, &["verify"])
        .assert_out("it is no regular file");
    project.ok(&run).assert_tables("1 made, 5 up to date");
    project.ok(&["verify"]);
}
