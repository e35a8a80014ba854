//! Archives, against a Hub in this process.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, StructArray};
use arrow::datatypes::{DataType, Field, Fields};
use common::{World, second};
use hubcensus_capture::{
    Archive, ArchiveRequest, Description, Error, Kind, Outcome, Subject, capture_archive,
};
use hubcensus_fixture_hub::{Access, Fault, Faults, Settings};
use hubcensus_spec::SnapshotDate;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::properties::WriterProperties;

const REPO: &str = "cfahlgren1/hub-stats";

/// A file of the archive: `generation` 0 has no counter of all time, 2 has its likes as text, 3
/// lacks the library.
fn parquet(day: i64, rows: i64, generation: u32) -> Vec<u8> {
    let text = |text: &dyn Fn(i64) -> String| -> ArrayRef {
        Arc::new(
            (0..rows)
                .map(|row| Some(text(row)))
                .collect::<StringArray>(),
        )
    };
    let number = |number: &dyn Fn(i64) -> i64| -> ArrayRef {
        Arc::new((0..rows).map(number).collect::<Int64Array>())
    };
    let total: ArrayRef = number(&|row| row * 1_000);
    let parts: ArrayRef = Arc::new(StructArray::new(
        Fields::from(vec![Field::new("BF16", DataType::Int64, true)]),
        vec![Arc::clone(&total)],
        None,
    ));
    let safetensors: ArrayRef = Arc::new(StructArray::new(
        Fields::from(vec![
            Field::new("parameters", parts.data_type().clone(), true),
            Field::new("total", DataType::Int64, true),
        ]),
        vec![parts, total],
        None,
    ));
    let mut columns = vec![
        (
            "id",
            text(&|row| format!("account-{}/model-{row}", row % 7)),
        ),
        ("downloads", number(&|row| row * day)),
        // What is not wanted, and most of the file: it does not compress.
        (
            "siblings",
            text(&|row| blake3::hash(&(row * day).to_le_bytes()).to_hex().repeat(8)),
        ),
        ("safetensors", safetensors),
    ];
    if generation > 0 {
        columns.push(("downloadsAllTime", number(&|row| row * day * 9)));
    }
    match generation {
        2 => columns.push(("likes", text(&|row| row.to_string()))),
        _ => columns.push(("likes", number(&|row| row))),
    }
    if generation < 3 {
        columns.push(("library_name", text(&|_| "transformers".to_owned())));
    }
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(400))
        .set_key_value_metadata(Some(vec![parquet::file::metadata::KeyValue::new(
            "hubcensus.generated".to_owned(),
            "not real".to_owned(),
        )]))
        .build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

fn columns() -> BTreeMap<Kind, Vec<String>> {
    let wanted = [
        "id",
        "downloads",
        "downloadsAllTime",
        "likes",
        "library_name",
        "safetensors",
    ];
    BTreeMap::from([(Kind::Models, wanted.map(str::to_owned).to_vec())])
}

fn request(dates: &str) -> ArchiveRequest {
    ArchiveRequest {
        archive: Archive::named("hub-stats").unwrap(),
        kinds: vec![Kind::Models],
        dates: dates.parse().unwrap(),
        columns: columns(),
        restart: false,
    }
}

fn commit(world: &World, at: &str, title: &str, file: Vec<u8>) -> String {
    let files = [("models.parquet".to_owned(), file)];
    world.hub.commit(REPO, at.parse().unwrap(), title, files)
}

const UPLOAD: &str = "Upload models.parquet with huggingface_hub";

fn days(from: &str) -> impl Iterator<Item = SnapshotDate> {
    std::iter::successors(Some(from.parse::<SnapshotDate>().unwrap()), |day| {
        day.succ()
    })
}

/// Sixty days of an archive: every tenth is missing, the 25th has only a revision that is gone,
/// the 33rd a later one that is; the schema changes three times.
async fn archive() -> World {
    let world = World::new(Settings::default()).await;
    for (number, day) in (1_i64..=60).zip(days("2025-01-01")) {
        if number % 10 == 0 {
            continue;
        }
        let generation = [0, 1, 2, 3][usize::try_from(number / 16).unwrap()];
        let rows = 900 + number;
        let early = format!("{day}T02:00:00Z");
        let late = format!("{day}T05:00:00Z");
        let before = commit(
            &world,
            &early,
            UPLOAD,
            parquet(number, rows - 1, generation),
        );
        let last = match number {
            25 => before,
            _ => commit(&world, &late, UPLOAD, parquet(number, rows, generation)),
        };
        if number == 25 || number == 33 {
            world.hub.lose(REPO, &last);
        }
        let files = [("datasets.parquet".to_owned(), vec![1])];
        let at = format!("{day}T06:00:00Z").parse().unwrap();
        world.hub.commit(
            REPO,
            at,
            "Upload datasets.parquet with huggingface_hub",
            files,
        );
    }
    world
}

async fn run(world: &World, dates: &str) -> Result<Vec<(Subject, Outcome)>, Error> {
    let (client, _) = world.client();
    capture_archive(&client, &world.target(), &request(dates)).await
}

fn taken(outcomes: &[(Subject, Outcome)]) -> Vec<&Description> {
    let taken = outcomes.iter().filter_map(|(_, outcome)| match outcome {
        Outcome::Taken(description) => Some(&**description),
        _ => None,
    });
    taken.collect()
}

/// The snapshots, by name.
fn snapshots(world: &World) -> BTreeMap<String, Vec<u8>> {
    let files = std::fs::read_dir(world.path("hub-stats")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names
        .filter(|name| name.ends_with(".parquet"))
        .map(|name| (name.clone(), world.bytes(&format!("hub-stats/{name}"))))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backfill_is_the_same_as_days_one_by_one() {
    let mut world = archive().await;
    world.token = Some("hf_token".to_owned());
    let (client, notes) = world.client();
    let all = request("2025-01-01..2025-03-01");
    let outcomes = capture_archive(&client, &world.target(), &all)
        .await
        .unwrap();
    assert_eq!(outcomes.len(), 60);
    let absent: Vec<String> = outcomes
        .iter()
        .filter_map(|(subject, outcome)| match outcome {
            Outcome::Absent(why) => Some(format!("{} {why}", subject.date)),
            _ => None,
        })
        .collect();
    assert_eq!(absent.len(), 7, "{absent:?}");
    assert!(absent[0].starts_with("2025-01-10 the archive has no revision of models.parquet"));
    assert!(absent[2].starts_with("2025-01-25 no revision of that day can be read any more"));
    let taken = taken(&outcomes);
    let of = |date: &str| {
        *taken
            .iter()
            .find(|one| one.date.to_string() == date)
            .unwrap()
    };
    // The last of the day; where that is gone, the one before.
    assert_eq!(of("2025-01-03").rows, 903);
    let upstream = of("2025-02-02").upstream.clone().unwrap();
    assert_eq!((of("2025-02-02").rows, upstream.gone.len()), (932, 1));
    assert_eq!(
        upstream.committed.unwrap().to_rfc3339(),
        "2025-02-02T02:00:00+00:00"
    );
    assert_eq!(of("2025-01-03").missing_columns, ["downloadsAllTime"]);
    assert_eq!(of("2025-01-03").other_columns, ["siblings"]);
    assert_eq!(
        of("2025-01-03").columns["safetensors"],
        "struct<parameters: struct<BF16: int64>, total: int64>"
    );
    assert!(notes.has("column `downloadsAllTime` is new since 2025-01-15"));
    assert!(notes.has("column `likes` is string, and was int64 on 2025-01-31"));
    assert!(notes.has("the archive has no column `library_name`"));
    let counts = world.hub.counts();
    assert_eq!(
        (counts.tokens_at_the_files, counts.beyond_the_grant),
        (0, 0)
    );
    assert!(counts.with_token > 50);
    let whole = snapshots(&world);
    assert_eq!(whole.len(), 53);

    // Day by day, in another order, with faults.
    let world = world.elsewhere();
    world.hub.set_faults(Faults::all(0.2, 5));
    let mut order: Vec<SnapshotDate> = days("2025-01-01").take(60).collect();
    order.sort_by_key(|day| {
        blake3::hash(day.to_string().as_bytes())
            .to_hex()
            .to_string()
    });
    for day in order {
        run(&world, &day.to_string()).await.unwrap();
    }
    assert!(snapshots(&world) == whole);
    assert_eq!(world.hub.counts().tokens_at_the_files, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_wanted_columns_are_fetched_and_they_are_readable() {
    let world = World::new(Settings::default()).await;
    let file = parquet(3, 20_000, 1);
    let size = file.len() as u64;
    commit(&world, "2025-01-01T05:00:00Z", UPLOAD, file.clone());
    run(&world, "2025-01-01").await.unwrap();
    let sent = world.hub.counts().file_bytes;
    assert!(sent < size / 4, "{sent} of {size} bytes were fetched");
    let read = |bytes: Vec<u8>| {
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes)).unwrap();
        let generated = reader
            .metadata()
            .file_metadata()
            .key_value_metadata()
            .unwrap();
        assert!(
            generated
                .iter()
                .any(|entry| entry.key == "hubcensus.generated")
        );
        let batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
        arrow::compute::concat_batches(&batches[0].schema(), &batches).unwrap()
    };
    let made = read(world.bytes("hub-stats/models_2025-01-01.parquet"));
    let original = read(file);
    assert_eq!(made.num_rows(), 20_000);
    assert!(made.column_by_name("siblings").is_none());
    for column in made.schema().fields() {
        assert_eq!(
            made.column_by_name(column.name()),
            original.column_by_name(column.name()),
            "{column}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn signed_addresses_are_kept_until_they_end() {
    let world = archive().await;
    world.hub.log();
    run(&world, "2025-01-01").await.unwrap();
    let resolved = |world: &World| {
        let targets = world.hub.counts().targets;
        targets
            .iter()
            .filter(|target| target.contains("/resolve/"))
            .count()
    };
    assert_eq!(resolved(&world), 1);

    // They end at once, or do not hold at all.
    let settings = Settings {
        // Long enough for a busy machine to use one that is fresh.
        signed_for: second() * 10,
        ..Settings::default()
    };
    let world = World::new(settings).await;
    commit(&world, "2025-01-01T05:00:00Z", UPLOAD, parquet(3, 3_000, 1));
    world.hub.log();
    world
        .hub
        .set_faults(Faults::script([("signature", Fault::Slow(second() * 12))]));
    run(&world, "2025-01-01").await.unwrap();
    assert!(resolved(&world) > 1, "{:?}", world.hub.counts().targets);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_cut_off_goes_on() {
    let world = World::new(Settings::default()).await;
    // Wanted columns of several pieces.
    let mut all = request("2025-01-01");
    all.columns.clear();
    let file = parquet(3, 40_000, 1);
    commit(&world, "2025-01-01T05:00:00Z", UPLOAD, file);
    let (client, notes) = world.client();
    notes.stop_after.store(2, Ordering::Relaxed);
    let stopped = capture_archive(&client, &world.target(), &all).await;
    assert!(matches!(stopped, Err(Error::Stopped)), "{stopped:?}");
    let before = world.hub.counts();
    let (client, _) = world.client();
    capture_archive(&client, &world.target(), &all)
        .await
        .unwrap();
    let after = world.hub.counts();
    let whole = world.bytes("hub-stats/models_2025-01-01.parquet");
    let fetched = after.file_bytes - before.file_bytes;
    assert!(
        fetched < whole.len() as u64 / 2 + (8 << 20),
        "{fetched} of {}",
        whole.len()
    );

    let world = world.elsewhere();
    let (client, _) = world.client();
    capture_archive(&client, &world.target(), &all)
        .await
        .unwrap();
    assert!(world.bytes("hub-stats/models_2025-01-01.parquet") == whole);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawn_archive_says_so() {
    let world = archive().await;
    for (access, says) in [
        (Access::TakenDown, "cannot be read (401): it was taken down"),
        (
            Access::Disabled,
            "is disabled (403: Access to this resource is disabled.)",
        ),
        (Access::Missing, "is not there (404: Repository not found)"),
    ] {
        world.hub.set_access(REPO, access);
        let error = run(&world, "2025-01-01").await.unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
    world.hub.set_access(REPO, Access::Public);
    assert_eq!(taken(&run(&world, "2025-01-01").await.unwrap()).len(), 1);
    // And renamed, it is found under its new name.
    world.hub.rename("old/hub-stats", REPO);
    let (client, _) = world.client();
    let old = ArchiveRequest {
        archive: Archive::named("hub-stats")
            .unwrap()
            .in_repo("old/hub-stats"),
        ..request("2025-01-02")
    };
    let outcomes = capture_archive(&client, &world.target(), &old)
        .await
        .unwrap();
    assert_eq!(taken(&outcomes).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_state_is_noticed() {
    let world = World::new(Settings::default()).await;
    let file = parquet(3, 500, 1);
    commit(&world, "2025-01-01T05:00:00Z", UPLOAD, file.clone());
    commit(&world, "2025-01-02T05:00:00Z", UPLOAD, file);
    let (client, notes) = world.client();
    let both = request("2025-01-01..2025-01-02");
    capture_archive(&client, &world.target(), &both)
        .await
        .unwrap();
    assert!(notes.has("models of 2025-01-02: the same file as that of 2025-01-01"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_weekly_folder_has_the_time_of_its_data() {
    const WEEKLY: &str = "hfmlsoc/hub_weekly_snapshots";
    let world = World::new(Settings::default()).await;
    for (number, day) in (1..=20_i64).zip(days("2025-01-01")) {
        let at = format!("{day}T05:00:00Z");
        commit(&world, &at, UPLOAD, parquet(number, 300, 1));
    }
    for (number, day) in [(1, "2025-01-01"), (2, "2025-01-08")] {
        let path = format!("models/{day}/models.parquet");
        let at = "2025-01-25T00:00:00Z".parse().unwrap();
        world.hub.commit(
            WEEKLY,
            at,
            "Add week",
            [(path, parquet(number * 7, 300, 1))],
        );
    }
    let (client, _) = world.client();
    let weekly = ArchiveRequest {
        archive: Archive::named("hub-weekly").unwrap(),
        ..request("2025-01-01,2025-01-08,2025-01-15")
    };
    let outcomes = capture_archive(&client, &world.target(), &weekly)
        .await
        .unwrap();
    let taken = taken(&outcomes);
    assert_eq!(taken.len(), 2);
    assert!(matches!(&outcomes[2].1, Outcome::Absent(why) if why.contains("no folder")));
    let upstream = taken[1].upstream.clone().unwrap();
    assert_eq!(
        (upstream.repo.as_str(), upstream.commit.len()),
        (WEEKLY, 40)
    );
    let data = upstream.made_from.unwrap();
    assert_eq!(data.repo, REPO);
    assert_eq!(
        data.committed.unwrap().to_rfc3339(),
        "2025-01-14T05:00:00+00:00"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_parquet_is_named() {
    let world = World::new(Settings::default()).await;
    commit(
        &world,
        "2025-01-01T05:00:00Z",
        UPLOAD,
        b"<html>sorry</html>".to_vec(),
    );
    let error = run(&world, "2025-01-01").await.unwrap_err().to_string();
    assert!(
        error.contains("it is no Parquet file, or is cut off"),
        "{error}"
    );
    let mut other = request("2025-01-02");
    other
        .columns
        .insert(Kind::Models, vec!["nothing".to_owned()]);
    commit(&world, "2025-01-02T05:00:00Z", UPLOAD, parquet(1, 10, 1));
    let (client, _) = world.client();
    let error = capture_archive(&client, &world.target(), &other)
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("none of the columns that are wanted (nothing)"),
        "{error}"
    );
}
