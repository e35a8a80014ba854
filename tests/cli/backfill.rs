//! Sixty days of an archive, captured and made into tables: at once, day by day, and in other orders.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use hubcensus_fixture_hub::Settings;
use parquet::arrow::ArrowWriter;

use crate::capture::Hub;
use crate::harness::{Project, Ran, assert_same};

const REPO: &str = "cfahlgren1/hub-stats";
const DAYS: i64 = 60;
/// Days without a revision, and one whose only revision is gone.
const GAPS: [i64; 5] = [7, 8, 9, 30, 52];
const GONE: i64 = 25;

const INGEST: &str = r#"stage: ingest
tables:
  - name: models
    description: Models.
    key: [id]
    sort: [id]
    columns:
      id: {type: utf8, description: Name.}
      downloads: {type: int64, nullable: true, description: Of a month.}
      all_time: {type: int64, nullable: true, description: Since ever.}
      likes: {type: int64, nullable: true, description: How many.}
      library: {type: utf8, nullable: true, description: Which.}
sources:
  - name: hub-stats
    description: The archive.
    table: models
    coverage: census
    location: "snapshots/hub-stats/models_{date}.parquet"
    format: parquet
    columns:
      id: {type: utf8}
      downloads: {type: int64}
      all_time: {type: int64, path: downloadsAllTime, optional: true}
      likes: {type: int64}
      library: {type: utf8, path: library_name, optional: true}
    query: SELECT id, downloads, all_time, likes, library FROM source
"#;

/// A table of its own earlier days, and one that some days do not have.
const AGGREGATE: &str = "stage: aggregate
jobs:
  - name: record
    description: The most downloads so far, and what a day has.
    query: |
      SELECT max(days) AS days, max(downloads) AS most, max(all_time) AS all_time, max(likes) AS likes FROM (
        SELECT 1 AS days, sum(downloads) AS downloads, sum(all_time) AS all_time, sum(likes) AS likes
        FROM ingest.models
        UNION ALL SELECT days + 1, most, NULL, NULL FROM aggregate.record)
    history: {aggregate.record: previous}
    key: [days]
    sort: [days]
    columns:
      days: {type: int64, description: How many.}
      most: {type: int64, nullable: true, description: Sum.}
      all_time: {type: int64, nullable: true, description: Sum of the day.}
      likes: {type: int64, nullable: true, description: Sum of the day.}
  - name: libraries
    description: Models by library.
    query: SELECT library, count(*) AS models FROM ingest.models GROUP BY library
    needs: [ingest.models.library]
    key: [library]
    sort: [library]
    columns:
      library: {type: utf8, description: Which.}
      models: {type: int64, description: How many.}
";

fn project() -> Project {
    Project::of(&[
        ("pipelines/ingest/models.yaml", INGEST),
        ("pipelines/aggregate/all.yaml", AGGREGATE),
    ])
}

/// A day's file: a counter comes on day 15, another is a double from day 30 on, a column goes on day 45.
fn parquet(day: i64, rows: i64) -> Vec<u8> {
    let numbers = |number: &dyn Fn(i64) -> i64| -> ArrayRef {
        Arc::new((0..rows).map(number).collect::<Int64Array>())
    };
    let texts = |text: &dyn Fn(i64) -> String| -> ArrayRef {
        Arc::new(
            (0..rows)
                .map(|row| Some(text(row)))
                .collect::<StringArray>(),
        )
    };
    let doubles = |double: &dyn Fn(i64) -> f64| -> ArrayRef {
        Arc::new((0..rows).map(double).collect::<Float64Array>())
    };
    let mut columns = vec![
        ("id", texts(&|row| format!("account/model-{row}"))),
        ("downloads", numbers(&|row| row * ((day * 7) % 11))),
        ("siblings", texts(&|row| format!("file-{row}"))),
    ];
    if day >= 15 {
        columns.push(("downloadsAllTime", numbers(&|row| row * day * 9)));
    }
    match day < 30 {
        true => columns.push(("likes", numbers(&|row| row + day))),
        false => columns.push(("likes", doubles(&|row| (row + day) as f64))),
    }
    if day < 45 {
        columns.push(("library_name", texts(&|row| format!("library-{}", row % 2))));
    }
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

/// The days, as dates.
fn dates() -> Vec<String> {
    let first = chrono::NaiveDate::from_ymd_opt(2025, 1, 1).unwrap();
    let days = first.iter_days().take(usize::try_from(DAYS).unwrap());
    days.map(|day| day.to_string()).collect()
}

fn archive() -> Hub {
    let hub = Hub::of(Settings::default());
    for (day, date) in (1..=DAYS).zip(dates()) {
        if GAPS.contains(&day) {
            continue;
        }
        let commit = |time: &str, rows: i64| {
            let at = format!("{date}T{time}Z").parse().unwrap();
            let files = [("models.parquet".to_owned(), parquet(day, rows))];
            hub.hub.commit(
                REPO,
                at,
                "Upload models.parquet with huggingface_hub",
                files,
            )
        };
        let first = commit("02:00:00", 3 + day % 4);
        if day == GONE {
            hub.hub.lose(REPO, &first);
            continue;
        }
        // Of two revisions of a day the later counts, unless it is gone.
        let second = commit("05:00:00", 4 + day % 5);
        if day == 33 {
            hub.hub.lose(REPO, &second);
        }
    }
    hub
}

fn capture(hub: &Hub, project: &Project, dates: &str) -> Ran {
    let args = [
        "capture",
        "hub-stats",
        "--kinds",
        "models",
        "--to",
        "snapshots",
        "--dates",
        dates,
    ];
    Ran::of(hub.command(project, &args).output().unwrap())
}

fn run(project: &Project, dates: &str) {
    project.ok(&["run", "--source", "hub-stats", "--dates", dates]);
}

/// The snapshots that were captured.
fn snapshots(project: &Project) -> BTreeMap<String, Vec<u8>> {
    let mut files = project.files("snapshots/hub-stats");
    files.retain(|path, _| path.ends_with(".parquet"));
    files
        .into_iter()
        .map(|(path, (bytes, _))| (path, bytes))
        .collect()
}

/// A project with the same snapshots, their descriptions beside them, and an empty lake.
fn beside(project: &Project) -> Project {
    let other = self::project();
    for (name, (bytes, _)) in project.files("snapshots/hub-stats") {
        other.write(&format!("snapshots/hub-stats/{name}"), bytes);
    }
    other
}

#[test]
fn in_whatever_order_the_days_come_the_tables_are_the_same() {
    let hub = archive();
    let dates = dates();
    let range = format!("{}..{}", dates[0], dates[dates.len() - 1]);

    let whole = project();
    let ran = capture(&hub, &whole, &range);
    assert_eq!(ran.code, 1, "what is lacking is told\n{ran}");
    assert_eq!(ran.out.matches(": none: ").count(), GAPS.len() + 1, "{ran}");
    ran.assert_err("column `downloadsAllTime` is new since 2025-01-14");
    // Once, not for every date.
    ran.err_line("the archive has no column `library_name`");
    ran.assert_err("column `likes` is double, and was int64 on 2025-01-29");
    assert_eq!(snapshots(&whole).len(), 54);
    let there: Vec<&str> = (1..=DAYS)
        .zip(&dates)
        .filter(|(day, _)| !GAPS.contains(day) && *day != GONE)
        .map(|(_, date)| date.as_str())
        .collect();
    // Every snapshot that is there, found by listing.
    whole.ok(&["run", "--source", "hub-stats"]);
    let expected = whole.lake_bytes();
    let made = |table: &str| {
        let folder = format!("aggregate/{table}/");
        let paths = expected.keys().filter(|path| path.starts_with(&folder));
        paths.count()
    };
    // Of 60 days six are lacking, five of them before the library goes on the 45th.
    assert_eq!((made("record"), made("libraries")), (54, 39));
    // On the last day, of four models: likes 60 to 63, downloads of all time 0 to 3 times 540.
    let newest = "SELECT days, all_time, likes FROM aggregate.record ORDER BY days DESC LIMIT 1";
    assert_eq!(whole.rows(newest), ["54,3240,246"]);

    std::thread::scope(|scope| {
        // Day by day, as it is meant.
        scope.spawn(|| {
            let daily = project();
            for date in &dates {
                let ran = capture(&hub, &daily, date);
                assert_eq!(
                    ran.code,
                    i32::from(!there.contains(&date.as_str())),
                    "{ran}"
                );
                if ran.code == 0 {
                    run(&daily, date);
                }
            }
            assert_same(&snapshots(&daily), &snapshots(&whole));
            assert_same(&daily.lake_bytes(), &expected);
        });
        // The last first, and every third; some at a time.
        scope.spawn(|| {
            let reversed = beside(&whole);
            for days in there.rchunks(14) {
                run(&reversed, &days.join(","));
            }
            assert_same(&reversed.lake_bytes(), &expected);
            let interleaved = beside(&whole);
            for offset in [2, 0, 1] {
                let days: Vec<&str> = there.iter().skip(offset).step_by(3).copied().collect();
                run(&interleaved, &days.join(","));
            }
            assert_same(&interleaved.lake_bytes(), &expected);
        });
    });
}
