//! What is done to every model of a snapshot: names and tags looked at, rows read as batches.
//!
//! All of it on one thread, on generated snapshots. What is measured is first checked against the
//! models that the snapshots were generated from.
#![expect(
    clippy::unwrap_used,
    reason = "a measurement that cannot go on has failed"
)]

use std::collections::BTreeSet;
use std::hint::black_box;
use std::path::PathBuf;
use std::time::Duration;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use criterion::{Criterion, SamplingMode, Throughput};
use hubcensus_hub::facts::{parameters_in_name, tag_values};
use hubcensus_hub::read::{Chunk, Field, Format, Kind, Request, open};
use hubcensus_hub::sample::{self, FactTexts, SampleError, SampleFacts, SampleSpec, Shape};
use tempfile::TempDir;

/// A few batches.
const MODELS: u64 = 20_000;
/// The date on which there are exactly [`MODELS`] models.
const DATE: &str = "2025-10-01";

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(4))
        .configure_from_args();
    let spec = spec();
    let models = models(&spec);
    names(&mut criterion, &models);
    tags(&mut criterion, &models);
    files(&mut criterion, &models, &spec);
    criterion.final_summary();
}

fn spec() -> SampleSpec {
    let facts = SampleFacts::parse(&FactTexts {
        totals: include_str!("../../../data/sample/totals.csv"),
        heads: include_str!("../../../data/sample/heads.csv"),
        archetypes: include_str!("../../../data/sample/archetypes.csv"),
        curves: include_str!("../../../data/sample/curves.csv"),
        choices: include_str!("../../../data/sample/choices.csv"),
    });
    SampleSpec {
        models: MODELS,
        seed: 7,
        facts: facts.unwrap(),
    }
}

/// What a generated model says of itself.
struct Model {
    id: String,
    downloads: i64,
    tags: Vec<String>,
    /// The models it was made from.
    bases: BTreeSet<String>,
    /// How it was made from them.
    relation: Option<String>,
    /// The elements of its safetensors files.
    elements: Option<i64>,
}

fn models(spec: &SampleSpec) -> Vec<Model> {
    let mut models = Vec::new();
    let generated =
        sample::generate::<SampleError>(spec, DATE.parse().unwrap(), &mut |batch: RecordBatch| {
            let texts = |list: &dyn Array| -> Vec<String> {
                list.as_string::<i32>()
                    .iter()
                    .flatten()
                    .map(str::to_owned)
                    .collect()
            };
            let downloads = batch["downloads"].as_primitive::<Int64Type>();
            let safetensors = batch["safetensors"].as_struct();
            let elements = safetensors["total"].as_primitive::<Int64Type>();
            let base_models = batch["baseModels"].as_struct();
            let relations = base_models["relation"].as_string::<i32>();
            let bases = base_models["models"].as_list::<i32>();
            for row in 0..batch.num_rows() {
                let of_row = bases.value(row);
                models.push(Model {
                    id: batch["id"].as_string::<i32>().value(row).to_owned(),
                    downloads: downloads.value(row),
                    tags: texts(&batch["tags"].as_list::<i32>().value(row)),
                    bases: texts(&of_row.as_struct()["id"]).into_iter().collect(),
                    relation: relations
                        .is_valid(row)
                        .then(|| relations.value(row).to_owned()),
                    elements: elements.is_valid(row).then(|| elements.value(row)),
                });
            }
            Ok(())
        });
    assert_eq!(generated.unwrap(), MODELS);
    assert_eq!(models.len() as u64, MODELS);
    models
}

fn names(criterion: &mut Criterion, models: &[Model]) {
    let mut stated = 0;
    for model in models {
        if let Some(size) = plain_size(&model.id) {
            assert_eq!(parameters_in_name(&model.id), Some(size), "{}", model.id);
            stated += 1;
        }
    }
    assert!(stated > MODELS / 10, "only {stated} names state a size");

    let mut group = criterion.benchmark_group("names");
    group.throughput(Throughput::Elements(MODELS));
    group.bench_function("parameters_in_name", |bencher| {
        bencher.iter(|| {
            for model in models {
                black_box(parameters_in_name(black_box(&model.id)));
            }
        });
    });
    group.finish();
}

/// The size that a name states by its only word of the form `7b`, `1.5B` or `135M`.
fn plain_size(id: &str) -> Option<i64> {
    let mut sizes = id.rsplit('/').next()?.split('-').filter_map(|word| {
        let unit = match word.chars().next_back()? {
            'b' | 'B' => 1e9,
            'm' | 'M' => 1e6,
            _ => return None,
        };
        let number: f64 = word[..word.len() - 1].parse().ok()?;
        Some((number * unit).round() as i64)
    });
    sizes.next().filter(|_| sizes.next().is_none())
}

fn tags(criterion: &mut Criterion, models: &[Model]) {
    let prefix = "base_model:";
    let mut some = 0;
    for model in models {
        let plain = model.bases.iter().cloned();
        let relation = model.relation.iter();
        let related = relation.flat_map(|relation| {
            let bases = model.bases.iter();
            bases.map(move |base| format!("{relation}:{base}"))
        });
        let expected: BTreeSet<String> = plain.chain(related).collect();
        let found = tag_values(model.tags.iter().map(String::as_str), prefix);
        assert_eq!(found.len(), expected.len(), "{}", model.id);
        assert!(found.iter().all(|value| expected.contains(*value)));
        some += u64::from(!found.is_empty());
    }
    assert!(some > MODELS / 10, "only {some} models have a base model");

    let mut group = criterion.benchmark_group("tags");
    group.throughput(Throughput::Elements(
        models.iter().map(|model| model.tags.len() as u64).sum(),
    ));
    group.bench_function("tag_values", |bencher| {
        bencher.iter(|| {
            for model in models {
                let tags = model.tags.iter().map(String::as_str);
                black_box(tag_values(black_box(tags), prefix));
            }
        });
    });
    group.finish();
}

/// A generated snapshot in a file.
struct File {
    path: PathBuf,
    request: Request,
}

fn files(criterion: &mut Criterion, models: &[Model], spec: &SampleSpec) {
    let folder = TempDir::new().unwrap();
    let written = |name: &str, shape, request| {
        let path = folder.path().join(name);
        let file = std::fs::File::create(&path).unwrap();
        let rows = sample::write(spec, DATE.parse().unwrap(), shape, file);
        assert_eq!(rows.unwrap(), MODELS);
        File { path, request }
    };
    let lines = written("models.jsonl", Shape::ApiItems, api_items());
    let text = std::fs::read(&lines.path).unwrap();
    let compressed = File {
        path: folder.path().join("models.jsonl.zst"),
        request: api_items(),
    };
    std::fs::write(&compressed.path, zstd::encode_all(&*text, 0).unwrap()).unwrap();
    let archive = written("models.parquet", Shape::HubStats, hub_stats());
    for file in [&lines, &compressed, &archive] {
        check(file, models);
    }

    let mut group = criterion.benchmark_group("read");
    group.sampling_mode(SamplingMode::Flat);
    // What the lines hold, also where they are compressed.
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("ndjson", |bencher| bencher.iter(|| lines.rows()));
    group.bench_function("ndjson_zst", |bencher| bencher.iter(|| compressed.rows()));
    group.throughput(Throughput::Elements(MODELS));
    group.bench_function("parquet", |bencher| bencher.iter(|| archive.rows()));
    group.finish();
}

impl File {
    fn chunks(&self) -> impl Iterator<Item = Chunk> {
        let reader = open(&self.path, "the snapshot", &self.request).unwrap();
        let partitions = reader.split(1).into_iter();
        partitions.flatten().map(|chunk| chunk.unwrap())
    }

    /// Reads the file once; its rows.
    fn rows(&self) -> usize {
        self.chunks()
            .map(|chunk| black_box(chunk).batch.num_rows())
            .sum()
    }
}

/// Every row comes out, and says what its model says.
fn check(file: &File, models: &[Model]) {
    let mut expected = models.iter();
    for chunk in file.chunks() {
        assert!(chunk.rejects.is_empty(), "{:?}", chunk.rejects.first());
        let ids = chunk.batch["id"].as_string::<i32>();
        let downloads = chunk.batch["downloads"].as_primitive::<Int64Type>();
        let tags = chunk.batch["tags"].as_list::<i32>();
        let bases = chunk.batch["base_models"].as_list::<i32>();
        let elements = chunk.batch["safetensors_total"].as_primitive::<Int64Type>();
        for row in 0..chunk.batch.num_rows() {
            let model = expected.next().unwrap();
            assert_eq!(ids.value(row), model.id);
            assert_eq!(downloads.value(row), model.downloads);
            assert_eq!(tags.value(row).len(), model.tags.len());
            assert_eq!(bases.value(row).len(), model.bases.len());
            let of_row = elements.is_valid(row).then(|| elements.value(row));
            assert_eq!(of_row, model.elements);
        }
    }
    assert!(expected.next().is_none(), "a model is not in the file");
}

/// The columns that both shapes have, as the pipelines read them.
fn columns() -> Vec<Field> {
    vec![
        Field::new("id", "id", Kind::Utf8),
        Field::new("author", "author", Kind::Utf8),
        Field::new("created_at", "createdAt", Kind::Timestamp),
        Field::new("last_modified", "lastModified", Kind::Timestamp),
        Field::new("downloads", "downloads", Kind::Int64),
        Field::new("downloads_all_time", "downloadsAllTime", Kind::Int64),
        Field::new("likes", "likes", Kind::Int64),
        Field::new("trending_score", "trendingScore", Kind::Float64),
        Field::new("pipeline_tag", "pipeline_tag", Kind::Utf8),
        Field::new("library_name", "library_name", Kind::Utf8),
        Field::new("tags", "tags", Kind::ListUtf8),
        Field::new("base_models", "baseModels.models[].id", Kind::ListUtf8),
        Field::new("base_model_relation", "baseModels.relation", Kind::Utf8),
        Field::new(
            "safetensors_parameters",
            "safetensors.parameters",
            Kind::Entries,
        ),
        Field::new("safetensors_total", "safetensors.total", Kind::Int64),
    ]
}

fn api_items() -> Request {
    let mut fields = columns();
    fields.extend([
        Field::new("repo_id", "_id", Kind::Utf8),
        Field::new("card", "cardData", Kind::Json),
        Field::new("gguf_total", "gguf.total", Kind::Int64),
        Field::new("gguf_architecture", "gguf.architecture", Kind::Utf8),
        Field::new("gated", "gated", Kind::Json),
        Field::new("private", "private", Kind::Boolean),
    ]);
    Request::new(fields, Format::Ndjson)
}

fn hub_stats() -> Request {
    let mut fields = columns();
    fields.extend([
        Field::new("card", "cardData", Kind::Utf8),
        Field::new("gguf", "gguf", Kind::Utf8),
    ]);
    Request::new(fields, Format::Parquet)
}
