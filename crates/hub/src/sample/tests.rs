use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::*;

const TOTALS: &str = include_str!("../../../../data/sample/totals.csv");
const HEADS: &str = include_str!("../../../../data/sample/heads.csv");
const ARCHETYPES: &str = include_str!("../../../../data/sample/archetypes.csv");
const CURVES: &str = include_str!("../../../../data/sample/curves.csv");
const CHOICES: &str = include_str!("../../../../data/sample/choices.csv");

fn texts() -> FactTexts<'static> {
    FactTexts {
        totals: TOTALS,
        heads: HEADS,
        archetypes: ARCHETYPES,
        curves: CURVES,
        choices: CHOICES,
    }
}

fn spec(models: u64) -> SampleSpec {
    let facts = SampleFacts::parse(&texts()).expect("the project's own facts");
    SampleSpec {
        models,
        seed: 7,
        facts,
    }
}

fn date(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn batches(spec: &SampleSpec, day: &str) -> Vec<RecordBatch> {
    let mut batches = Vec::new();
    let rows = generate::<SampleError>(spec, date(day), &mut |batch| {
        batches.push(batch);
        Ok(())
    });
    let counted: usize = batches.iter().map(RecordBatch::num_rows).sum();
    assert_eq!(rows.expect("a snapshot"), counted as u64);
    batches
}

/// Id → downloads of all time, of a snapshot.
fn downloads(spec: &SampleSpec, day: &str) -> BTreeMap<String, i64> {
    let mut found = BTreeMap::new();
    for batch in batches(spec, day) {
        let ids = batch["id"].as_string::<i32>();
        let counts = batch["downloadsAllTime"].as_primitive::<Int64Type>();
        for row in 0..batch.num_rows() {
            let twice = found.insert(ids.value(row).to_owned(), counts.value(row));
            assert_eq!(twice, None, "{} is there twice", ids.value(row));
        }
    }
    found
}

fn account(id: &str) -> &str {
    id.split_once('/').expect("an owner").0
}

#[test]
fn reference_date_has_the_models_asked_for_with_unique_ids() {
    assert_eq!(downloads(&spec(5_000), "2025-10-01").len(), 5_000);
    assert_eq!(downloads(&spec(20_001), "2025-10-01").len(), 20_001);
}

#[test]
fn same_seed_gives_the_same_bytes_and_another_seed_others() {
    let write = |spec: &SampleSpec| {
        let mut bytes = Vec::new();
        write_parquet(spec, date("2025-09-21"), &mut bytes).expect("a file");
        bytes
    };
    let spec = spec(3_000);
    assert_eq!(write(&spec), write(&spec.clone()));
    let other = SampleSpec {
        seed: 8,
        ..spec.clone()
    };
    assert_ne!(write(&spec), write(&other));
}

#[test]
fn known_models_keep_the_published_shares() {
    let found = downloads(&spec(20_000), "2025-10-01");
    let all: i64 = found.values().sum();
    let of = |wanted: &[&str]| -> i64 {
        let owned = found.iter().filter(|(id, _)| wanted.contains(&account(id)));
        owned.map(|(_, count)| count).sum()
    };
    let near = |part: i64, whole: i64, percent: f64| {
        let found = 100.0 * part as f64 / whole as f64;
        assert!(
            (found - percent).abs() < 0.01 * percent,
            "{found}, not {percent}"
        );
    };
    let google = of(&["google", "google-bert", "google-t5", "albert"]);
    near(of(&["google-bert"]), google, 64.0);
    near(of(&["google-t5"]), google, 6.8);
    near(of(&["openai"]), of(&["openai", "openai-community"]), 72.0);
    let alibaba = [
        "Qwen",
        "Alibaba-NLP",
        "thenlper",
        "Wan-AI",
        "AIDC-AI",
        "alibaba-pai",
        "alibaba-damo",
    ];
    near(found["Qwen/Qwen2.5-1.5B-Instruct"], of(&alibaba), 20.0);
    near(of(&["Qwen"]), of(&alibaba), 81.5);
    let invented = |id: &&String| id.starts_with("user-") || id.starts_with("lab-");
    let tail: i64 = found
        .iter()
        .filter(|(id, _)| invented(id))
        .map(|(_, count)| count)
        .sum();
    near(all - tail, all, 80.22);
    // 45,438,836,957 downloads of 2,126,833 models: the mean holds at every scale.
    near(all, 20_000, 2_136_456.0);
}

#[test]
fn a_date_alone_is_the_same_as_among_others() {
    let spec = spec(4_000);
    let (early, late) = (
        downloads(&spec, "2025-09-21"),
        downloads(&spec, "2025-10-01"),
    );
    let both = || {
        early
            .iter()
            .filter_map(|(id, count)| Some((id, *count, *late.get(id)?)))
    };
    assert!(
        both().count() > 3_900,
        "most models are there on both dates"
    );
    let falls = both().filter(|(_, before, after)| before > after).count();
    assert!(falls < 5, "{falls} counters fell");
    assert!(both().filter(|(_, before, after)| before < after).count() > 1_000);
    assert!(
        early.keys().any(|id| !late.contains_key(id)),
        "none disappeared"
    );
    assert!(
        late.keys().any(|id| !early.contains_key(id)),
        "none appeared"
    );
    assert!(early.values().sum::<i64>() < late.values().sum::<i64>());
}

#[test]
fn population_grows_on_both_sides_of_the_reference_date() {
    let spec = spec(3_000);
    let count = |day| downloads(&spec, day).len();
    assert!(count("2022-03-02") > 0);
    assert!(count("2024-06-01") < count("2025-09-01"));
    assert!(count("2025-10-01") < count("2026-03-01"));
}

#[test]
fn columns_are_those_of_the_archive_and_the_file_says_that_it_is_generated() {
    let mut bytes = Vec::new();
    write_parquet(&spec(2_500), date("2025-10-01"), &mut bytes).expect("a file");
    let reader =
        ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes)).expect("Parquet");
    let names: Vec<_> = reader
        .schema()
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    assert_eq!(
        names,
        [
            "id",
            "author",
            "createdAt",
            "lastModified",
            "downloads",
            "downloadsAllTime",
            "likes",
            "trendingScore",
            "tags",
            "cardData",
            "safetensors",
            "gguf",
            "baseModels",
            "pipeline_tag",
            "library_name"
        ]
    );
    assert_eq!(reader.schema().fields(), schema().fields());
    let metadata = reader.metadata().file_metadata();
    assert_eq!(metadata.created_by(), Some("hubcensus"));
    let notice = metadata.key_value_metadata().expect("metadata").iter();
    let notice: Vec<_> = notice.filter(|pair| pair.key == NOTICE_KEY).collect();
    assert_eq!(notice[0].value.as_deref(), Some(NOTICE));
}

#[test]
fn api_items_say_what_the_rows_say() {
    let spec = spec(2_500);
    let mut lines = Vec::new();
    let count = write(&spec, date("2025-10-01"), Shape::ApiItems, &mut lines).expect("lines");
    let lines = String::from_utf8(lines).expect("UTF-8");
    let items: Vec<serde_json::Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(items.len() as u64, count);
    let batches = batches(&spec, "2025-10-01");
    let mut at = 0;
    for batch in &batches {
        let text = |name: &str, row: usize| {
            let column = batch[name].as_string::<i32>();
            column.is_valid(row).then(|| column.value(row).to_owned())
        };
        for row in 0..batch.num_rows() {
            let item = &items[at];
            at += 1;
            assert_eq!(item["id"].as_str().map(str::to_owned), text("id", row));
            let tag = item.get("pipeline_tag").and_then(|tag| tag.as_str());
            assert_eq!(tag.map(str::to_owned), text("pipeline_tag", row));
            let counts = batch["downloads"].as_primitive::<Int64Type>();
            assert_eq!(item["downloads"].as_i64(), Some(counts.value(row)));
            let card = text("cardData", row).map(|card| serde_json::from_str(&card).expect("JSON"));
            assert_eq!(item.get("cardData").cloned(), card);
            assert!(
                item.as_object()
                    .expect("an object")
                    .values()
                    .all(|value| !value.is_null())
            );
        }
    }
    let bert = items
        .iter()
        .find(|item| item["id"] == "google-bert/bert-base-uncased");
    let bert = bert.expect("the model");
    assert_eq!(bert["safetensors"]["parameters"]["F32"], 110_106_428);
    assert_eq!(bert["createdAt"], "2022-03-02T23:29:04.000Z");
    assert_eq!(bert["_id"].as_str().map(str::len), Some(24));
}

/// The error that facts with one changed text are refused with.
fn refusal(change: impl FnOnce(&mut FactTexts<'static>)) -> String {
    let mut texts = texts();
    change(&mut texts);
    SampleFacts::parse(&texts)
        .expect_err("facts with a mistake")
        .to_string()
}

fn leak(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

#[test]
fn mistakes_in_facts_name_file_and_line() {
    assert_eq!(
        refusal(|texts| texts.heads = leak(HEADS.replacen("F32,110106428", "F99,110106428", 1))),
        "heads.csv, line 2: `dtype` is `F99`, not a type of safetensors, such as BF16"
    );
    assert_eq!(
        refusal(|texts| texts.heads = leak(HEADS.replacen("F32,110106428", "F32,many", 1))),
        "heads.csv, line 2: `parameters` is `many`, not a whole number"
    );
    assert_eq!(
        refusal(|texts| texts.heads = leak(HEADS.replacen("downloads_share", "share", 1))),
        "heads.csv: no column `downloads_share`; add it to the header"
    );
    assert_eq!(
        refusal(|texts| texts.totals = leak(TOTALS.replacen("2126833", "-1", 1))),
        "totals.csv, line 5: `value` is `-1`, not a whole number"
    );
    assert_eq!(
        refusal(|texts| texts.curves = leak(CURVES.replace("tail_created", "created"))),
        "curves.csv: no row for `tail_created`; add one"
    );
    assert_eq!(
        refusal(|texts| texts.archetypes = "archetype,weight\n"),
        "archetypes.csv: no row for `an archetype with a weight`; add one"
    );
    let cut_off = refusal(|texts| texts.choices = "choice,value,weight\nlanguage,en\n");
    assert!(
        cut_off.starts_with("choices.csv, line 2: no CSV"),
        "{cut_off}"
    );
}

#[test]
fn shares_that_cannot_hold_are_refused() {
    let refused = |models, day| {
        let mut none = |_| Ok(());
        generate::<SampleError>(&spec(models), date(day), &mut none).expect_err("a refusal")
    };
    let SampleError::TooFewModels {
        models: 200,
        minimum,
    } = refused(200, "2025-10-01")
    else {
        panic!("200 models are too few");
    };
    assert_eq!(
        downloads(&spec(minimum), "2025-10-01").len() as u64,
        minimum
    );
    assert!(matches!(
        refused(5_000, "2022-03-01"),
        SampleError::TooEarly { .. }
    ));
}

#[test]
fn shuffle_takes_each_place_once() {
    for count in [1, 2, 3, 17, 256, 1000] {
        let shuffle = draw::Shuffle::new(7, 1, count);
        let mut places: Vec<u64> = (0..count).map(|index| shuffle.place(index)).collect();
        places.sort_unstable();
        assert_eq!(places, (0..count).collect::<Vec<_>>());
    }
}

#[test]
fn curve_areas_are_exact() {
    let curve = curve::Curve::new(vec![(0.0, 0.0), (0.5, 0.0), (1.0, 8.0)]);
    assert_eq!(
        [curve.value(0.25), curve.value(0.75), curve.top()],
        [0.0, 4.0, 8.0]
    );
    assert_eq!(
        [curve.area(0.5), curve.area(0.75), curve.area(1.0)],
        [0.0, 0.5, 2.0]
    );
    let cut = curve.stretched(0.5, 2.0, 8.0);
    assert_eq!(
        [cut.value(0.75), cut.value(0.875), cut.area(1.0)],
        [8.0, 8.0, 3.0]
    );
}
