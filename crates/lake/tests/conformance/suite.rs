//! The promises, each asked of an empty lake.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Float64Array, Int64Array, ListBuilder,
    RecordBatch, StringArray, StringBuilder, TimestampMicrosecondArray, UInt32Array,
};
use arrow::datatypes::{DataType, Int64Type, TimeUnit, TimestampMicrosecondType};
use hubcensus_lake::{Contents, Error, Facts, FileSpec, Lake, Manifest, Problem, Staged};
use hubcensus_spec::{PartitionId, SnapshotDate, TableName};
use object_store::ObjectStoreExt;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};

const FILE: &str = "aggregate/totals/snapshot_date=2026-08-22/part-00000.parquet";
const MANIFEST: &str = "_manifests/aggregate/totals/2026-08-22.json";
const REJECTED: &str = "_rejected/aggregate/totals/2026-08-22";

fn table() -> TableName {
    TableName::new("aggregate", "totals").unwrap()
}

fn date() -> SnapshotDate {
    "2026-08-22".parse().unwrap()
}

pub(crate) fn id() -> PartitionId {
    PartitionId::new(table(), date())
}

fn column(values: Vec<i64>) -> RecordBatch {
    let column: ArrayRef = Arc::new(Int64Array::from(values));
    RecordBatch::try_from_iter([("models", column)]).unwrap()
}

fn facts(fingerprint: &str) -> Facts {
    Facts {
        fingerprint: fingerprint.to_owned(),
        ..Facts::default()
    }
}

async fn staged(lake: &Lake, id: &PartitionId, rows: &RecordBatch) -> Staged {
    let spec = FileSpec {
        schema: rows.schema(),
        sorting: vec![],
        metadata: vec![],
    };
    let mut stage = lake.stage(id, spec).await.unwrap();
    stage.write(rows).unwrap();
    stage.finish().unwrap()
}

pub(crate) async fn committed(lake: &Lake, values: Vec<i64>, fingerprint: &str) -> Manifest {
    let staged = staged(lake, &id(), &column(values)).await;
    staged.commit(facts(fingerprint)).await.unwrap().manifest
}

/// All objects, relative to the lake, without the lock.
async fn objects(lake: &Lake) -> Vec<String> {
    use futures::TryStreamExt;
    let root = lake.locate("");
    let found = lake.store().list(Some(&root));
    let found: Vec<_> = found.try_collect().await.unwrap();
    let mut found: Vec<String> = found
        .iter()
        .map(|object| object.location.as_ref()[root.as_ref().len() + 1..].to_owned())
        .filter(|path| path != "_lock")
        .collect();
    found.sort();
    found
}

async fn rows(lake: &Lake, file: &str) -> Vec<RecordBatch> {
    let bytes = lake.store().get(&lake.locate(file)).await.unwrap();
    let bytes = bytes.bytes().await.unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
    reader.build().unwrap().map(Result::unwrap).collect()
}

async fn models(lake: &Lake) -> Vec<i64> {
    let batches = rows(lake, FILE).await;
    let values = batches.iter().flat_map(|batch| {
        let column = batch.column(0).as_primitive::<Int64Type>();
        column.values().to_vec()
    });
    values.collect()
}

pub(crate) async fn commits_and_reads_back(lake: Lake) {
    let mut tags = ListBuilder::new(StringBuilder::new());
    tags.append_value([Some("nlp"), None, Some("größe")]);
    tags.append_null();
    let at = TimestampMicrosecondArray::from(vec![Some(1_755_820_800_000_001), None]);
    let columns: Vec<(&str, ArrayRef, bool)> = vec![
        ("id", Arc::new(StringArray::from(vec!["a/b", "a/c"])), false),
        (
            "downloads",
            Arc::new(Int64Array::from(vec![Some(-1), None])),
            true,
        ),
        (
            "share",
            Arc::new(Float64Array::from(vec![Some(0.1), None])),
            true,
        ),
        (
            "listed",
            Arc::new(BooleanArray::from(vec![Some(true), None])),
            true,
        ),
        (
            "day",
            Arc::new(Date32Array::from(vec![Some(20_322), None])),
            true,
        ),
        ("at", Arc::new(at.with_timezone("+00:00")), true),
        ("tags", Arc::new(tags.finish()), true),
    ];
    let given = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let spec = FileSpec {
        schema: given.schema(),
        sorting: vec!["id".into(), "day".into()],
        metadata: vec![("hubcensus.table".into(), "aggregate.totals".into())],
    };
    let mut stage = lake.stage(&id(), spec).await.unwrap();
    stage.write(&given.slice(0, 1)).unwrap();
    stage.write(&given.slice(1, 1)).unwrap();
    assert_eq!(stage.rows(), 2);
    let staged = stage.finish().unwrap();

    // Readable before it is part of the lake, at the place it names.
    let object = staged.object().unwrap();
    let aside = object.store.get(&object.location).await.unwrap();
    assert_eq!(aside.meta.size, staged.facts().bytes);
    assert_eq!(object.bytes, staged.facts().bytes);
    let aside = aside.bytes().await.unwrap();
    assert_eq!(
        blake3::hash(&aside).to_hex().as_str(),
        staged.facts().blake3
    );
    assert!(lake.manifest(&id()).await.unwrap().is_none());

    let facts = Facts {
        counts: BTreeMap::from([("rejected.no_id".into(), 2)]),
        fingerprint: "f".into(),
        generated: Some("a sample, seed 7".into()),
        inputs: BTreeMap::from([("enrich.models".into(), "i".into())]),
        query_fingerprint: "q".into(),
        tool_version: "0.1.0".into(),
        ..Facts::default()
    };
    let manifest = staged.commit(facts.clone()).await.unwrap().manifest;
    assert_eq!(manifest.facts, facts);
    assert_eq!(lake.manifest(&id()).await.unwrap(), Some(manifest.clone()));
    assert_eq!(objects(&lake).await, [MANIFEST, FILE]);
    assert!(lake.intact(&manifest).await.unwrap());
    assert_eq!(lake.verify().await.unwrap(), []);

    let file = manifest.file().unwrap();
    assert_eq!((file.rows, file.file.as_str()), (2, FILE));
    assert_eq!(file.sorting, ["id", "day"]);
    let described = file.columns.iter().map(|column| {
        format!(
            "{} {} {} {}",
            column.name, column.type_name, column.nullable, column.nulls
        )
    });
    assert_eq!(
        described.collect::<Vec<_>>(),
        [
            "id utf8 false 0",
            "downloads int64 true 1",
            "share float64 true 1",
            "listed boolean true 1",
            "day date32 true 1",
            "at timestamp true 1",
            "tags list<utf8> true 1",
        ]
    );

    let bytes = lake.store().get(&lake.locate(FILE)).await.unwrap();
    let bytes = bytes.bytes().await.unwrap();
    assert_eq!(bytes, aside);
    let read = ArrowReaderMetadata::load(&bytes, ArrowReaderOptions::new()).unwrap();
    assert_eq!(
        read.schema().field(5).data_type(),
        &DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
    );
    let read = &rows(&lake, FILE).await[0];
    let at = read.column(5).as_primitive::<TimestampMicrosecondType>();
    assert_eq!(at.value(0), 1_755_820_800_000_001);
    let tags = read.column(6).as_list::<i32>();
    assert!(tags.is_null(1));
    let tags = tags.value(0);
    let tags: Vec<_> = tags.as_string::<i32>().iter().collect();
    assert_eq!(tags, [Some("nlp"), None, Some("größe")]);
    for (column, expected) in [0, 1, 2, 3, 4].map(|i| (read.column(i), given.column(i))) {
        assert_eq!(column, expected);
    }
}

pub(crate) async fn replaces(lake: Lake) {
    let old = committed(&lake, vec![1, 2], "old").await;
    let same = committed(&lake, vec![1, 2], "old").await;
    assert_eq!(old, same);
    let new = committed(&lake, vec![3], "new").await;
    assert_eq!(lake.manifest(&id()).await.unwrap(), Some(new.clone()));
    assert_eq!(models(&lake).await, [3]);
    assert!(lake.intact(&new).await.unwrap());
    assert!(!lake.intact(&old).await.unwrap());
    assert_eq!(objects(&lake).await, [MANIFEST, FILE]);
    assert_eq!(lake.verify().await.unwrap(), []);
}

pub(crate) async fn keeps_empty_tables(lake: Lake) {
    let manifest = committed(&lake, vec![], "f").await;
    assert_eq!(manifest.file().unwrap().rows, 0);
    let bytes = lake.store().get(&lake.locate(FILE)).await.unwrap();
    let bytes = bytes.bytes().await.unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
    assert_eq!(reader.schema().field(0).name(), "models");
    assert_eq!(reader.build().unwrap().count(), 0);
    assert_eq!(lake.dates(&table()).await.unwrap(), [date()]);
}

pub(crate) async fn refuses(lake: Lake) {
    let old = committed(&lake, vec![1], "old").await;
    let odd: ArrayRef = Arc::new(UInt32Array::from(vec![7, 8]));
    let odd = RecordBatch::try_from_iter([("rank", odd)]).unwrap();
    let broken = staged(&lake, &id(), &column(vec![-1])).await;
    let violations = [("parts_add_up".to_owned(), vec![odd])];
    let folder = broken.reject(&violations).await.unwrap();
    assert_eq!(folder, REJECTED);
    assert_eq!(lake.manifest(&id()).await.unwrap(), Some(old));
    assert_eq!(models(&lake).await, [1]);
    let kept = [
        MANIFEST.to_owned(),
        format!("{REJECTED}/check-parts_add_up.parquet"),
        format!("{REJECTED}/part-00000.parquet"),
        FILE.to_owned(),
    ];
    assert_eq!(objects(&lake).await, kept);
    let rule = &rows(&lake, &kept[1]).await[0];
    assert_eq!(rule.column(0).as_primitive::<Int64Type>().values(), &[7, 8]);
    assert_eq!(lake.verify().await.unwrap(), []);

    // Another refusal, by another check, leaves nothing of the first.
    let broken = staged(&lake, &id(), &column(vec![-2])).await;
    broken.reject(&[]).await.unwrap();
    assert_eq!(objects(&lake).await, [MANIFEST, &kept[2], FILE]);

    committed(&lake, vec![2], "new").await;
    assert_eq!(objects(&lake).await, [MANIFEST, FILE]);
}

pub(crate) async fn sets_rows_aside(lake: Lake) {
    let reasons: ArrayRef = Arc::new(StringArray::from(vec!["missing_id"]));
    let aside = RecordBatch::try_from_iter([("reason", reasons)]).unwrap();
    let none = aside.slice(0, 0);
    let batches = [none.clone(), aside.clone(), aside];
    let said = vec![("generated".to_owned(), "by a test".to_owned())];
    let path = lake.put_rejected_rows(&id(), &batches, said).await.unwrap();
    assert_eq!(path, format!("{REJECTED}/rows.parquet"));
    assert_eq!(rows(&lake, &path).await[0].num_rows(), 2);
    // They say something about the partition that is committed, and stay beside it.
    committed(&lake, vec![1], "f").await;
    assert_eq!(objects(&lake).await, [MANIFEST, &path, FILE]);
    lake.put_rejected_rows(&id(), &[none], Vec::new())
        .await
        .unwrap();
    assert_eq!(objects(&lake).await, [MANIFEST, FILE]);
}

pub(crate) async fn skips(lake: Lake) {
    committed(&lake, vec![1], "old").await;
    let reason = "created_at is wholly null";
    let skipped = lake.skip(&id(), reason, facts("new")).await.unwrap();
    let found = lake.manifest(&id()).await.unwrap().unwrap();
    assert_eq!(found, skipped);
    assert_eq!(
        found.contents,
        Contents::Skipped {
            reason: reason.into()
        }
    );
    assert!(lake.intact(&found).await.unwrap());
    assert_eq!(objects(&lake).await, [MANIFEST]);
    assert_eq!(lake.tables().await.unwrap(), [table()]);
    assert_eq!(lake.dates(&table()).await.unwrap(), []);
    assert_eq!(lake.verify().await.unwrap(), []);
    committed(&lake, vec![1], "old").await;
    assert_eq!(objects(&lake).await, [MANIFEST, FILE]);
}

pub(crate) async fn removes(lake: Lake) {
    committed(&lake, vec![1], "old").await;
    let broken = staged(&lake, &id(), &column(vec![-1])).await;
    broken.reject(&[]).await.unwrap();
    assert!(lake.remove(&id()).await.unwrap());
    assert_eq!(objects(&lake).await, Vec::<String>::new());
    // A second time is no mistake, though not every store can tell.
    lake.remove(&id()).await.unwrap();
}

pub(crate) async fn finds_damage(lake: Lake) {
    let manifest = committed(&lake, vec![1, 2, 3], "f").await;
    let file = manifest.file().unwrap().clone();
    let (at, store) = (lake.locate(FILE), lake.store());
    let sound = store.get(&at).await.unwrap().bytes().await.unwrap();

    let mut changed = sound.to_vec();
    changed[10] ^= 1;
    let hash = blake3::hash(&changed).to_hex().to_string();
    store.put(&at, changed.into()).await.unwrap();
    let content = Problem::Content {
        id: id(),
        file: FILE.into(),
        expected: file.blake3.clone(),
        found: hash,
    };
    assert_eq!(lake.verify().await.unwrap(), [content]);

    store.put(&at, sound.slice(..50).into()).await.unwrap();
    assert!(!lake.intact(&manifest).await.unwrap());
    let size = Problem::Size {
        id: id(),
        file: FILE.into(),
        expected: file.bytes,
        found: 50,
    };
    assert_eq!(lake.verify().await.unwrap(), [size]);

    store.delete(&at).await.unwrap();
    assert!(!lake.intact(&manifest).await.unwrap());
    let missing = Problem::Missing {
        id: id(),
        file: FILE.into(),
    };
    assert_eq!(lake.verify().await.unwrap(), [missing]);

    store.put(&at, sound.into()).await.unwrap();
    let orphan = "aggregate/totals/snapshot_date=2026-08-22/part-00001.parquet";
    let stray = "_manifests/aggregate/totals/latest.json";
    let read_me = "README.md";
    for extra in [orphan, stray, read_me] {
        let nothing = Vec::new();
        store
            .put(&lake.locate(extra), nothing.into())
            .await
            .unwrap();
    }
    let problems = lake.verify().await.unwrap();
    assert!(
        matches!(&problems[..], [Problem::Manifest { file: a, .. }, Problem::Orphan { file: b }]
            if a == stray && b == orphan),
        "{problems:?}"
    );
    for extra in [orphan, stray, read_me] {
        store.delete(&lake.locate(extra)).await.unwrap();
    }

    let cut_off = b"{\"format\": 1, ".to_vec();
    store
        .put(&lake.locate(MANIFEST), cut_off.into())
        .await
        .unwrap();
    let problems = lake.verify().await.unwrap();
    assert!(
        matches!(&problems[..], [Problem::Manifest { file: a, .. }, Problem::Orphan { file: b }]
            if a == MANIFEST && b == FILE),
        "{problems:?}"
    );
    // Damaged, it counts as absent; from a later version, it is not ours to overwrite.
    assert_eq!(lake.manifest(&id()).await.unwrap(), None);
    assert_eq!(lake.manifests().await.unwrap(), []);
    let later = b"{\"format\": 9}".to_vec();
    store
        .put(&lake.locate(MANIFEST), later.into())
        .await
        .unwrap();
    assert!(matches!(
        lake.manifests().await,
        Err(Error::NewerFormat { found: 9, .. })
    ));
    store.delete(&lake.locate(MANIFEST)).await.unwrap();
    committed(&lake, vec![1], "again").await;
    assert_eq!(lake.verify().await.unwrap(), []);
}

pub(crate) async fn locks(lake: Lake) {
    let lock = lake.lock().await.unwrap();
    let other = lake.clone();
    let error = other.lock().await.unwrap_err();
    assert!(matches!(error, Error::Locked { .. }), "{error}");
    let owner = format!("process {}", std::process::id());
    assert!(error.to_string().contains(&owner), "{error}");
    committed(&lake, vec![1], "f").await;
    assert_eq!(lake.sweep(&lock).await.unwrap(), 0);
    lock.release().await;
    other.lock().await.unwrap().release().await;
    // The lock is nothing that is wrong with the lake.
    assert_eq!(lake.verify().await.unwrap(), []);
}

pub(crate) async fn lists(lake: Lake) {
    assert_eq!(lake.tables().await.unwrap(), []);
    assert_eq!(lake.manifests().await.unwrap(), []);
    let names = [
        ("normalize", "models"),
        ("aggregate", "totals"),
        ("aggregate", "tasks"),
    ];
    for (stage, name) in names {
        let table = TableName::new(stage, name).unwrap();
        for date in ["2026-08-22", "2025-12-31"] {
            let id = PartitionId::new(table.clone(), date.parse().unwrap());
            let staged = staged(&lake, &id, &column(vec![1])).await;
            staged.commit(facts("f")).await.unwrap();
        }
    }
    let listed = lake.manifests().await.unwrap();
    let listed = listed.iter().map(|m| m.id.to_string());
    assert_eq!(
        listed.collect::<Vec<_>>(),
        [
            "aggregate.tasks of 2025-12-31",
            "aggregate.tasks of 2026-08-22",
            "aggregate.totals of 2025-12-31",
            "aggregate.totals of 2026-08-22",
            "normalize.models of 2025-12-31",
            "normalize.models of 2026-08-22",
        ]
    );
    let tables = lake.tables().await.unwrap();
    let tables: Vec<String> = tables.iter().map(ToString::to_string).collect();
    assert_eq!(
        tables,
        ["aggregate.tasks", "aggregate.totals", "normalize.models"]
    );
    assert_eq!(lake.manifests_of(&table()).await.unwrap().len(), 2);
    let dates = lake.dates(&table()).await.unwrap();
    assert_eq!(
        dates,
        ["2025-12-31", "2026-08-22"].map(|date| date.parse().unwrap())
    );

    // What is not asked for is not opened.
    let unread = lake.locate("_manifests/normalize/models/2025-12-31.json");
    let later = b"{\"format\": 9}".to_vec();
    lake.store().put(&unread, later.into()).await.unwrap();
    let from = "2026-01-01".parse::<SnapshotDate>().unwrap();
    let asked = lake.manifests_where(|id| id.date >= from || id.table.table() == "tasks");
    let asked = asked.await.unwrap();
    let asked = asked.iter().map(|m| m.id.to_string());
    assert_eq!(
        asked.collect::<Vec<_>>(),
        [
            "aggregate.tasks of 2025-12-31",
            "aggregate.tasks of 2026-08-22",
            "aggregate.totals of 2026-08-22",
            "normalize.models of 2026-08-22",
        ]
    );
}

pub(crate) async fn keeps_side_files(lake: Lake) {
    assert_eq!(lake.get_side("inputs.json").await.unwrap(), None);
    for content in [b"{}".to_vec(), b"{\"a\": 1}".to_vec()] {
        lake.put_side("inputs.json", content.clone()).await.unwrap();
        assert_eq!(lake.get_side("inputs.json").await.unwrap(), Some(content));
    }
    assert!(lake.put_side("../inputs.json", vec![]).await.is_err());
    assert_eq!(objects(&lake).await, ["_cache/inputs.json"]);
    assert_eq!(lake.verify().await.unwrap(), []);
}

pub(crate) async fn moves_large_files(lake: Lake) {
    // Numbers that do not compress, so that the file is sent in more parts than one.
    let mut state = 7_u64;
    let values = (0..2_600_000).map(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.cast_signed()
    });
    let manifest = committed(&lake, values.collect(), "f").await;
    assert!(manifest.file().unwrap().bytes > 20_000_000);
    assert_eq!(lake.verify().await.unwrap(), []);
}
