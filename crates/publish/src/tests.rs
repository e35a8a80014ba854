//! Publications that fail, and what readers find then.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::{Error, Result};

/// Has the changes of a place fail after so many.
#[derive(Debug)]
pub(crate) struct Faults {
    left: AtomicUsize,
    met: AtomicUsize,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            left: AtomicUsize::new(usize::MAX),
            met: AtomicUsize::new(0),
        }
    }
}

impl Faults {
    /// Called before and after each change: after `after` calls each one fails, as if the process
    /// were gone.
    pub(crate) fn meet(&self, path: &str) -> Result<()> {
        self.met.fetch_add(1, Ordering::SeqCst);
        let left = self.left.load(Ordering::SeqCst);
        if left == 0 {
            return Err(Error::Io {
                operation: "write",
                path: path.to_owned(),
                source: std::io::Error::other("killed"),
            });
        }
        if left != usize::MAX {
            self.left.store(left - 1, Ordering::SeqCst);
        }
        Ok(())
    }

    fn fail_after(&self, calls: usize) {
        self.left.store(calls, Ordering::SeqCst);
    }
}

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Int64Array, RecordBatch, StringArray};
use hubcensus_lake::{CoverageFacts, Facts, FileSpec, Lake};
use hubcensus_spec::{PartitionId, Project, SnapshotDate, TableName};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::Place;
use crate::docs::{CARD, card};
use crate::plan::{Dates, Request};
use crate::publish::{Event, Observer, Published, publish, verify};
use crate::record::{Publication, RECORD};

struct Quiet;

impl Observer for Quiet {
    fn on(&self, _: Event<'_>) {}
}

fn table(name: &str) -> TableName {
    TableName::new("aggregate", name).unwrap()
}

fn date(day: u32) -> SnapshotDate {
    format!("2026-08-{day:02}").parse().unwrap()
}

async fn lake() -> Lake {
    Lake::open("memory://").await.unwrap()
}

/// Commits a partition with the columns `id`, those named, and `observed_date`.
async fn put(lake: &Lake, name: &str, day: u32, columns: &[(&str, i64)]) {
    let days = date(day).days_since_epoch();
    let ids: ArrayRef = Arc::new(StringArray::from(vec!["a", "b"]));
    let mut arrays = vec![("id".to_owned(), ids)];
    for (column, value) in columns {
        let values: ArrayRef = Arc::new(Int64Array::from(vec![*value, value + 1]));
        arrays.push(((*column).to_owned(), values));
    }
    let dates: ArrayRef = Arc::new(Date32Array::from(vec![days, days]));
    arrays.push(("observed_date".to_owned(), dates));
    let batch = RecordBatch::try_from_iter(arrays).unwrap();
    let id = PartitionId::new(table(name), date(day));
    let lock = lake.lock().await.unwrap();
    let spec = FileSpec {
        schema: batch.schema(),
        sorting: vec!["id".into()],
        metadata: vec![("hubcensus.table".to_owned(), id.table.to_string())],
    };
    let mut stage = lake.stage(&id, spec).await.unwrap();
    stage.write(&batch).unwrap();
    let facts = Facts {
        coverage: Some(CoverageFacts {
            kind: "census".to_owned(),
            part: None,
            source: "till".to_owned(),
        }),
        ..Facts::default()
    };
    stage.finish().unwrap().commit(facts).await.unwrap();
    lock.release().await;
}

async fn try_publish(lake: &Lake, place: &Place, only: bool) -> Result<Published> {
    let project = Project::default();
    let request = Request {
        project: &project,
        tables: BTreeSet::from([table("cities"), table("shops")]),
        dates: Dates::All,
        only,
        stage: "aggregate",
        coverage: None,
        title: "Books",
        about: "Books and shops.",
        reading: "Books that were lent are not counted.",
    };
    publish(lake, place, &request, &Quiet).await
}

async fn published(lake: &Lake, place: &Place) -> Published {
    try_publish(lake, place, false).await.unwrap()
}

/// Everything at a place.
async fn content(place: &Place) -> BTreeMap<String, Vec<u8>> {
    let mut content = BTreeMap::new();
    for path in place.list().await.unwrap().keys() {
        let found = place.read(path).await.unwrap().unwrap();
        content.insert(path.clone(), found.bytes.to_vec());
    }
    content
}

/// The files that a reader of the card's configurations opens, by configuration.
fn read_by_card(content: &BTreeMap<String, Vec<u8>>) -> BTreeMap<String, BTreeSet<String>> {
    let Some(card) = content.get(CARD) else {
        return BTreeMap::new();
    };
    let card = String::from_utf8(card.clone()).unwrap();
    let front = card.split("---\n").nth(1).unwrap();
    let front: serde_yaml::Value = serde_yaml::from_str(front).unwrap();
    let configs = front["configs"].as_sequence().unwrap().iter();
    let opened = configs.map(|config| {
        let patterns = config["data_files"][0]["path"].as_sequence().unwrap();
        let mut files = BTreeSet::new();
        for pattern in patterns.iter().map(|pattern| pattern.as_str().unwrap()) {
            match pattern.strip_suffix("/*/*.parquet") {
                Some(folder) => files.extend(
                    content
                        .keys()
                        .filter(|path| path.starts_with(&format!("{folder}/")))
                        .cloned(),
                ),
                None => {
                    assert!(content.contains_key(pattern), "the card names {pattern}");
                    files.insert(pattern.to_owned());
                }
            }
        }
        (config["config_name"].as_str().unwrap().to_owned(), files)
    });
    opened.collect()
}

fn named_by(record: &Publication) -> BTreeMap<String, BTreeSet<String>> {
    let tables = record.tables.iter();
    tables
        .map(|(config, table)| {
            let files = table.files.values().map(|file| file.path.clone());
            (config.clone(), files.collect())
        })
        .collect()
}

fn record_of(content: &BTreeMap<String, Vec<u8>>) -> Option<Publication> {
    let record = content.get(RECORD)?;
    Some(serde_json::from_slice(record).unwrap())
}

/// The second publication adds a date, replaces a file, drops a table's date, and widens a file that
/// the lake does not have any more.
async fn before_and_after() -> (Lake, Lake) {
    let before = lake().await;
    put(&before, "cities", 1, &[("books", 3)]).await;
    put(&before, "cities", 2, &[("books", 5)]).await;
    put(&before, "shops", 1, &[("books", 7)]).await;
    put(&before, "shops", 2, &[("books", 8)]).await;
    let after = lake().await;
    put(&after, "cities", 2, &[("books", 5), ("copies", 50)]).await;
    put(&after, "cities", 3, &[("books", 6), ("copies", 60)]).await;
    put(&after, "shops", 2, &[("books", 9)]).await;
    put(&after, "shops", 3, &[("books", 9)]).await;
    (before, after)
}

/// Fails at every step of the second publication, at places that `place` makes.
async fn fails_everywhere<G>(place: impl AsyncFn() -> (Place, G)) {
    let (before, after) = before_and_after().await;
    let (whole, _guard) = place().await;
    published(&before, &whole).await;
    let old = record_of(&content(&whole).await).unwrap();
    whole.faults.met.store(0, Ordering::SeqCst);
    published(&after, &whole).await;
    let steps = whole.faults.met.load(Ordering::SeqCst);
    let expected = content(&whole).await;
    let new = record_of(&expected).unwrap();
    assert!(steps > 30, "{steps}");
    let mut seen = BTreeSet::new();
    for step in 0..steps {
        let (place, _guard) = place().await;
        published(&before, &place).await;
        place.faults.fail_after(step);
        let failed = try_publish(&after, &place, false).await.unwrap_err();
        assert!(failed.to_string().contains("killed"), "{failed}");
        place.faults.fail_after(usize::MAX);

        // What the record names is there, and is what it says.
        assert_eq!(
            verify(&place).await.unwrap(),
            Vec::<String>::new(),
            "{step}"
        );
        let found = content(&place).await;
        let record = record_of(&found).unwrap();
        assert!(record == old || record == new, "{step}");
        // A reader of the card has the files of one publication, all of them and no other.
        let opened = read_by_card(&found);
        let is_old = opened == named_by(&old);
        assert!(is_old || opened == named_by(&new), "{step}: {opened:#?}");
        seen.insert((record == old, is_old));
        // `latest/` has whole files of either.
        for (path, bytes) in found.iter().filter(|(path, _)| path.starts_with("latest/")) {
            let hash = crate::place::hex(&<sha2::Sha256 as sha2::Digest>::digest(bytes));
            let config = path
                .trim_start_matches("latest/")
                .trim_end_matches(".parquet");
            let of =
                |record: &Publication| record.tables[config].latest().unwrap().1.sha256.clone();
            assert!(hash == of(&old) || hash == of(&new), "{step}: {path}");
        }
        // Sums are of files that are there.
        let sums = String::from_utf8(found["SHA256SUMS"].clone()).unwrap();
        for line in sums.lines() {
            let (sum, path) = line.split_once("  ").unwrap();
            let Some(bytes) = found.get(path) else {
                panic!("{step}: {path} has a sum and is not there");
            };
            let hash = crate::place::hex(&<sha2::Sha256 as sha2::Digest>::digest(bytes));
            assert_eq!(hash, sum, "{step}: {path}");
        }

        published(&after, &place).await;
        assert_eq!(content(&place).await, expected, "{step}");
        assert_eq!(published(&after, &place).await.changes, 0, "{step}");
    }
    assert_eq!(
        seen,
        BTreeSet::from([(true, true), (false, true), (false, false)])
    );
}

#[tokio::test]
async fn a_store_that_fails_at_any_step_keeps_a_whole_publication() {
    fails_everywhere(async || (Place::open("memory:///out").await.unwrap(), ())).await;
}

#[tokio::test]
async fn a_directory_that_fails_at_any_step_keeps_a_whole_publication() {
    fails_everywhere(async || {
        let dir = tempfile::tempdir().unwrap();
        let to = dir.path().join("out");
        (Place::open(to.to_str().unwrap()).await.unwrap(), dir)
    })
    .await;
}

#[tokio::test]
async fn a_first_publication_that_fails_anywhere_is_completed() {
    let (before, _) = before_and_after().await;
    let whole = Place::open("memory:///out").await.unwrap();
    published(&before, &whole).await;
    let steps = whole.faults.met.load(Ordering::SeqCst);
    for step in 0..steps {
        let place = Place::open("memory:///out").await.unwrap();
        place.faults.fail_after(step);
        try_publish(&before, &place, false).await.unwrap_err();
        place.faults.fail_after(usize::MAX);
        published(&before, &place).await;
        assert_eq!(content(&place).await, content(&whole).await, "{step}");
    }
}

#[tokio::test]
async fn what_the_lake_does_not_have_stays_unless_it_is_asked_to_go() {
    let (before, after) = before_and_after().await;
    let place = Place::open("memory:///out").await.unwrap();
    published(&before, &place).await;
    let second = published(&after, &place).await;
    let dates = |published: &Published, config: &str| -> Vec<SnapshotDate> {
        published.record.tables[config]
            .files
            .keys()
            .copied()
            .collect()
    };
    assert_eq!(dates(&second, "cities"), [date(1), date(2), date(3)]);
    assert_eq!(dates(&second, "shops"), [date(1), date(2), date(3)]);
    assert_eq!(second.kept, 2);
    assert_eq!(second.schema_changes.len(), 1);
    assert_eq!(
        second.schema_changes[0].changes,
        ["`copies` (int64) was added."]
    );
    assert_eq!(second.schema_changes[0].since, date(3));

    let only = try_publish(&after, &place, true).await.unwrap();
    assert_eq!(dates(&only, "cities"), [date(2), date(3)]);
    assert_eq!(only.kept, 0);
    assert_eq!(verify(&place).await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn an_earlier_file_gets_the_columns_that_were_added_later() {
    let (before, after) = before_and_after().await;
    let place = Place::open("memory:///out").await.unwrap();
    published(&before, &place).await;
    let record = published(&after, &place).await.record;
    let file = &record.tables["cities"].files[&date(1)];
    assert!(file.widened);
    let bytes = place.read(&file.path).await.unwrap().unwrap().bytes;
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
    let said = reader
        .metadata()
        .file_metadata()
        .key_value_metadata()
        .unwrap();
    assert_eq!(said[0].value.as_deref(), Some("aggregate.cities"));
    assert_eq!(said.len(), 1);
    let sorting = reader.metadata().row_group(0).sorting_columns().unwrap();
    assert_eq!(sorting[0].column_idx, 0);
    let batch = reader.build().unwrap().next().unwrap().unwrap();
    let names: Vec<String> = batch
        .schema()
        .fields()
        .iter()
        .map(|f| f.name().clone())
        .collect();
    assert_eq!(names, ["id", "books", "copies", "observed_date"]);
    let column = |name: &str| Arc::clone(batch.column_by_name(name).unwrap());
    let books: ArrayRef = Arc::new(Int64Array::from(vec![3, 4]));
    let copies: ArrayRef = Arc::new(Int64Array::from(vec![None, None]));
    assert_eq!((column("books"), column("copies")), (books, copies));
}

#[tokio::test]
async fn a_column_that_was_removed_stays_readable_in_a_configuration_of_its_own() {
    let before = lake().await;
    put(&before, "cities", 1, &[("books", 3), ("gone", 4)]).await;
    put(&before, "cities", 2, &[("books", 5), ("gone", 6)]).await;
    let after = lake().await;
    put(&after, "cities", 3, &[("books", 7)]).await;
    let place = Place::open("memory:///out").await.unwrap();
    published(&before, &place).await;
    let record = published(&after, &place).await.record;
    let configs: Vec<&str> = record.tables.keys().map(String::as_str).collect();
    assert_eq!(configs, ["cities", "cities_until_2026-08-02"]);
    let dates: Vec<_> = record.tables["cities"].files.keys().copied().collect();
    assert_eq!(dates, [date(3)]);
    let retired = &record.tables["cities_until_2026-08-02"];
    assert_eq!(retired.files.len(), 2);
    assert!(retired.columns.iter().any(|column| column.name == "gone"));
    assert_eq!(read_by_card(&content(&place).await), named_by(&record));
    assert_eq!(verify(&place).await.unwrap(), Vec::<String>::new());
    assert_eq!(published(&after, &place).await.changes, 0);
}

#[tokio::test]
async fn of_two_at_once_one_stops() {
    let (before, after) = before_and_after().await;
    let place = Place::open("memory:///out").await.unwrap();
    published(&before, &place).await;
    let read = place.read(RECORD).await.unwrap();
    published(&after, &place).await;
    let late = place
        .put_if(RECORD, "another", read.as_ref())
        .await
        .unwrap_err();
    assert!(matches!(late, Error::Overtaken { .. }), "{late}");
    let late = place.put_if(RECORD, "another", None).await.unwrap_err();
    assert!(matches!(late, Error::Overtaken { .. }), "{late}");

    let dir = tempfile::tempdir().unwrap();
    let place = Place::open(dir.path().to_str().unwrap()).await.unwrap();
    let in_memory = Place::open("memory:///out").await.unwrap();
    for place in [place, in_memory] {
        let lock = place.lock().await.unwrap();
        let busy = try_publish(&before, &place, false).await.unwrap_err();
        assert!(matches!(busy, Error::Busy { .. }), "{busy}");
        lock.release().await;
        published(&before, &place).await;
        // Nothing of a lock is published.
        let files = place.list().await.unwrap();
        assert!(files.keys().all(|path| !path.starts_with('.')), "{files:?}");
    }
}

#[tokio::test]
async fn a_file_that_is_gone_is_put_back_or_told() {
    let (before, after) = before_and_after().await;
    let place = Place::open("memory:///out").await.unwrap();
    published(&before, &place).await;
    let record = published(&after, &place).await.record;
    let expected = content(&place).await;
    let path_of = |day: u32| record.tables["shops"].files[&date(day)].path.clone();
    place.remove(&path_of(3)).await.unwrap();
    assert_eq!(published(&after, &place).await.written.0, 1);
    assert_eq!(content(&place).await, expected);
    place.remove(&path_of(1)).await.unwrap();
    let lost = try_publish(&after, &place, false).await.unwrap_err();
    assert!(matches!(lost, Error::Lost { .. }), "{lost}");
}

#[tokio::test]
async fn a_card_of_crowded_folders_names_files_one_by_one() {
    let (before, _) = before_and_after().await;
    let place = Place::open("memory:///out").await.unwrap();
    let record = published(&before, &place).await.record;
    let pinned = card(&record, &BTreeSet::from(["cities".to_owned()])).unwrap();
    let mut there = content(&place).await;
    there.insert(CARD.to_owned(), pinned);
    let other = "aggregate/cities/snapshot_date=2026-08-09/part-0123456789abcdef.parquet";
    there.insert(other.to_owned(), Vec::new());
    assert_eq!(read_by_card(&there), named_by(&record));
}
