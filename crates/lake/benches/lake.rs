//! What becomes of every row that a query gives: a Parquet file, encoded, hashed and written.
//!
//! Files are staged in a lake on the disk and discarded, with as many threads as the machine has
//! processors. What is measured is first read back and compared.
#![expect(
    clippy::unwrap_used,
    reason = "a measurement that cannot go on has failed"
)]

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{
    Array, ArrayRef, Int64Array, ListBuilder, RecordBatch, StringArray, StringBuilder,
    TimestampMicrosecondArray,
};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field};
use criterion::{Criterion, SamplingMode, Throughput};
use hubcensus_lake::{FileSpec, Lake, Staged};
use hubcensus_spec::{PartitionId, TableName};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use tokio::runtime::Runtime;

/// Two rounds of encoding on several threads.
const ROWS: usize = 131_072;
/// The batches of the engine.
const BATCH_ROWS: usize = 8_192;

const TASKS: [&str; 8] = [
    "text-generation",
    "text-classification",
    "text-to-image",
    "fill-mask",
    "sentence-similarity",
    "automatic-speech-recognition",
    "image-classification",
    "reinforcement-learning",
];
const TAGS: [&str; 12] = [
    "transformers",
    "safetensors",
    "pytorch",
    "diffusers",
    "gguf",
    "en",
    "zh",
    "license:apache-2.0",
    "license:mit",
    "autotrain_compatible",
    "endpoints_compatible",
    "region:us",
];

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(4))
        .configure_from_args();
    let folder = tempfile::tempdir().unwrap();
    let runtime = Runtime::new().unwrap();
    let lake = runtime.block_on(Lake::open(folder.path().to_str().unwrap()));
    let to = Target {
        lake: lake.unwrap(),
        runtime,
        id: PartitionId::new(
            TableName::new("aggregate", "measured").unwrap(),
            "2025-10-01".parse().unwrap(),
        ),
    };
    let table = Rows::new(vec![
        ("id", keys(), false),
        ("task", words(), true),
        ("downloads", counts(), true),
        ("created_at", moments(), false),
        ("tags", lists(), true),
    ]);
    let keys = Rows::new(vec![("id", keys(), false)]);
    let words = Rows::new(vec![("task", words(), true)]);
    for rows in [&table, &keys, &words] {
        check(&to, rows);
    }

    let mut group = criterion.benchmark_group("write_rows");
    group.sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Elements(ROWS as u64));
    group.bench_function("table", |bencher| {
        bencher.iter_with_large_drop(|| to.write(&table));
    });
    group.finish();

    let mut group = criterion.benchmark_group("write_bytes");
    group.sampling_mode(SamplingMode::Flat);
    for (name, rows) in [
        ("table", &table),
        ("sorted_keys", &keys),
        ("few_words", &words),
    ] {
        group.throughput(Throughput::Bytes(rows.bytes));
        group.bench_function(name, |bencher| {
            bencher.iter_with_large_drop(|| to.write(rows));
        });
    }
    group.finish();
    criterion.final_summary();
}

/// What is written: [`ROWS`] rows.
struct Rows {
    batches: Vec<RecordBatch>,
    /// What the rows take in memory.
    bytes: u64,
}

impl Rows {
    fn new(columns: Vec<(&str, ArrayRef, bool)>) -> Self {
        let sizes = columns
            .iter()
            .map(|(_, column, _)| column.to_data().get_slice_memory_size().unwrap() as u64);
        let bytes = sizes.sum();
        let all = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
        assert_eq!(all.num_rows(), ROWS);
        let starts = (0..ROWS).step_by(BATCH_ROWS);
        Self {
            batches: starts.map(|start| all.slice(start, BATCH_ROWS)).collect(),
            bytes,
        }
    }
}

/// The partition that is written again and again, and never committed.
struct Target {
    lake: Lake,
    runtime: Runtime,
    id: PartitionId,
}

impl Target {
    fn write(&self, rows: &Rows) -> Staged {
        let spec = FileSpec {
            schema: rows.batches[0].schema(),
            sorting: vec![],
            metadata: vec![],
        };
        let stage = self.lake.stage(&self.id, spec);
        let mut stage = self.runtime.block_on(stage).unwrap();
        for batch in &rows.batches {
            stage.write(batch).unwrap();
        }
        stage.finish().unwrap()
    }
}

/// What was written is what is read, and written again it is the same file.
fn check(to: &Target, rows: &Rows) {
    let staged = to.write(rows);
    let facts = staged.facts();
    assert_eq!(facts.rows, ROWS as u64);
    assert_eq!(facts.blake3, to.write(rows).facts().blake3);
    let file = std::fs::File::open(staged.object().unwrap().file).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let schema = Arc::clone(reader.schema());
    let found: Result<Vec<_>, _> = reader.build().unwrap().collect();
    let found = concat_batches(&schema, &found.unwrap()).unwrap();
    let expected = concat_batches(rows.batches[0].schema_ref(), &rows.batches).unwrap();
    assert!(found == expected, "other rows are read than were written");
    for (column, facts) in expected.columns().iter().zip(&facts.columns) {
        assert_eq!(facts.nulls, column.null_count() as u64, "{}", facts.name);
    }
}

/// A number that looks drawn and is always the same (splitmix64), for a row and a purpose.
fn drawn(row: usize, purpose: u64) -> u64 {
    let mut z = (row as u64 + (purpose << 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// One of several, the first ones far more often than the last ones.
fn pick<'a>(from: &[&'a str], drawn: u64) -> &'a str {
    let place = (drawn % 1_000) as usize;
    from[place * place * from.len() / 1_000_000]
}

/// Sorted ids, nearly all different: `account/model`, several models to an account.
fn keys() -> ArrayRef {
    let mut keys: Vec<String> = (0..ROWS)
        .map(|row| {
            let account = drawn(row, 1) % 30_000;
            let kind = pick(&TASKS, drawn(row, 2));
            let number = drawn(row, 3) % 10_000;
            format!("account-{account:05}/{kind}-{number}")
        })
        .collect();
    keys.sort_unstable();
    Arc::new(StringArray::from(keys))
}

/// A few words, in no order, one in ten absent.
fn words() -> ArrayRef {
    let words = (0..ROWS).map(|row| {
        let present = !drawn(row, 4).is_multiple_of(10);
        present.then(|| pick(&TASKS, drawn(row, 5)))
    });
    Arc::new(StringArray::from_iter(words))
}

/// Whole numbers, most of them small, one in ten absent.
fn counts() -> ArrayRef {
    let counts = (0..ROWS).map(|row| {
        let present = !drawn(row, 6).is_multiple_of(10);
        let magnitude = drawn(row, 7) % 24;
        present.then(|| (drawn(row, 8) % (2 << magnitude)) as i64)
    });
    Arc::new(Int64Array::from_iter(counts))
}

/// Moments of three years, to the second.
fn moments() -> ArrayRef {
    let moments = (0..ROWS).map(|row| 1_646_263_744 + (drawn(row, 9) % 94_608_000) as i64);
    let moments = moments.map(|second| second * 1_000_000);
    Arc::new(TimestampMicrosecondArray::from_iter_values(moments).with_timezone("UTC"))
}

/// Up to ten tags, one list in twenty absent.
fn lists() -> ArrayRef {
    let member = Field::new("element", DataType::Utf8, true);
    let mut lists = ListBuilder::new(StringBuilder::new()).with_field(member);
    for row in 0..ROWS {
        let present = !drawn(row, 10).is_multiple_of(20);
        let members = if present { drawn(row, 11) % 11 } else { 0 };
        for place in 0..members {
            lists
                .values()
                .append_value(pick(&TAGS, drawn(row, 12 + place)));
        }
        lists.append(present);
    }
    Arc::new(lists.finish())
}
