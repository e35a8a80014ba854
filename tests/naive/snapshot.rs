//! A snapshot as it stands before any table is made of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::dates;
use crate::rows::{Record, Table, Value};

/// A row of `enrich.models`, with what else is known of the model.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) id: String,
    pub(crate) account: String,
    pub(crate) entity: String,
    pub(crate) entity_type: String,
    pub(crate) country: String,
    pub(crate) continent: String,
    pub(crate) eu_group: String,
    /// Microseconds.
    pub(crate) created_at: Option<i64>,
    pub(crate) downloads_30d: Option<i64>,
    pub(crate) downloads_all_time: Option<i64>,
    pub(crate) likes: Option<i64>,
    pub(crate) trending_score: Option<f64>,
    pub(crate) task: String,
    pub(crate) task_tag: String,
    pub(crate) modality: String,
    pub(crate) architecture: String,
    pub(crate) language_applies: bool,
    pub(crate) library: String,
    pub(crate) license: String,
    pub(crate) license_family: String,
    pub(crate) parameters: Option<i64>,
    pub(crate) parameters_source: String,
    pub(crate) size_class: String,
    pub(crate) size_class_coarse: String,
    pub(crate) size_class_large: String,
    pub(crate) active_parameters: Option<i64>,
    pub(crate) relation: String,
    /// From `enrich.model_frameworks`.
    pub(crate) frameworks: Vec<String>,
    /// From `enrich.model_languages`.
    pub(crate) languages: Vec<Language>,
    /// From `enrich.model_parents`, in the order of the source.
    pub(crate) parents: Vec<Parent>,
    /// From `enrich.model_families`.
    pub(crate) family: Option<String>,
    /// From `enrich.model_families`: who made its family.
    pub(crate) maker: Option<String>,
    /// From `enrich.model_family_tags`: the families of which it bears a tag.
    pub(crate) family_tags: BTreeSet<String>,
    /// From `ingest.models`.
    pub(crate) repo_id: Option<String>,
    /// Data types of which the safetensors files have some, with how much.
    pub(crate) tensors: Vec<(String, i64)>,
}

#[derive(Clone, Debug)]
pub(crate) struct Language {
    pub(crate) value: String,
    pub(crate) language: Option<String>,
    pub(crate) by_card: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Parent {
    pub(crate) id: String,
    pub(crate) relation: String,
}

pub(crate) struct Snapshot {
    pub(crate) day: i32,
    /// What every row of `ingest.models` says of its source.
    pub(crate) source: String,
    pub(crate) coverage: String,
    pub(crate) part: Option<String>,
    pub(crate) counters_day: Option<i32>,
    pub(crate) models: Vec<Model>,
    /// `ingest.models` as it is.
    pub(crate) ingested: Table,
    /// Ids that the source keeps as removed.
    pub(crate) removed: BTreeSet<String>,
}

/// What a row of `ingest.models` says of its source and not of its model.
const OF_THE_SOURCE: [&str; 4] = ["counters_date", "coverage", "part", "source"];

/// The tables of which a snapshot is read.
pub(crate) const INPUTS: [&str; 12] = [
    "enrich.family_names",
    "enrich.family_tags",
    "enrich.model_families",
    "enrich.model_family_tags",
    "enrich.model_frameworks",
    "enrich.model_languages",
    "enrich.model_origins",
    "enrich.model_parents",
    "enrich.models",
    "ingest.models",
    "normalize.accounts",
    "normalize.models",
];

impl Snapshot {
    pub(crate) fn of(date: &str, table: impl Fn(&str) -> Table) -> Self {
        let mut frameworks: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for row in table("enrich.model_frameworks").records() {
            let of_model = frameworks.entry(row.text("id")).or_default();
            of_model.push(row.text("framework"));
        }
        let mut languages: BTreeMap<String, Vec<Language>> = BTreeMap::new();
        for row in table("enrich.model_languages").records() {
            let of_model = languages.entry(row.text("id")).or_default();
            of_model.push(Language {
                value: row.text("value"),
                language: row.maybe_text("language"),
                by_card: row.text("origin") == "card",
            });
        }
        let mut parents: BTreeMap<String, Vec<(i64, Parent)>> = BTreeMap::new();
        for row in table("enrich.model_parents").records() {
            let parent = Parent {
                id: row.text("base_model"),
                relation: row.text("relation"),
            };
            let of_model = parents.entry(row.text("id")).or_default();
            of_model.push((row.int("position"), parent));
        }
        let ingested = table("ingest.models");
        let mut removed = BTreeSet::new();
        let mut stated = BTreeMap::new();
        for row in ingested.records() {
            if row.maybe_bool("removed") == Some(true) {
                removed.insert(row.text("id"));
            }
            let tensors: Vec<(String, i64)> = row
                .texts("safetensors_parameters")
                .iter()
                .map(|entry| {
                    let (dtype, count) = entry.split_once('=').unwrap();
                    (dtype.to_owned(), count.parse().unwrap())
                })
                .filter(|(_, count)| *count > 0)
                .collect();
            stated.insert(row.text("id"), (row.maybe_text("repo_id"), tensors));
        }
        let mut families: BTreeMap<String, (Option<String>, Option<String>)> =
            table("enrich.model_families")
                .records()
                .map(|row| {
                    let family = (row.maybe_text("family"), row.maybe_text("maker"));
                    (row.text("id"), family)
                })
                .collect();
        let mut family_tags: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for row in table("enrich.model_family_tags").records() {
            let of_model = family_tags.entry(row.text("id")).or_default();
            of_model.insert(row.text("family"));
        }
        let owners: BTreeMap<String, (String, String)> = table("normalize.models")
            .records()
            .map(|row| (row.text("id"), (row.text("account"), row.text("entity"))))
            .collect();
        let models: Vec<Model> = table("enrich.models")
            .records()
            .map(|row| {
                let id = row.text("id");
                let mut of_model = parents.remove(&id).unwrap_or_default();
                of_model.sort_by_key(|(position, _)| *position);
                let (repo_id, tensors) = stated[&id].clone();
                let (family, maker) = families.remove(&id).unwrap_or_default();
                let owner = (row.text("account"), row.text("entity"));
                assert_eq!(owners[&id], owner, "{id}");
                Model {
                    account: owner.0,
                    entity: owner.1,
                    entity_type: row.text("entity_type"),
                    country: row.text("country"),
                    continent: row.text("continent"),
                    eu_group: row.text("eu_group"),
                    created_at: row.maybe_int("created_at"),
                    downloads_30d: row.maybe_int("downloads_30d"),
                    downloads_all_time: row.maybe_int("downloads_all_time"),
                    likes: row.maybe_int("likes"),
                    trending_score: row.maybe_float("trending_score"),
                    task: row.text("task"),
                    task_tag: row.text("task_tag"),
                    modality: row.text("modality"),
                    architecture: row.text("architecture"),
                    language_applies: row.maybe_bool("language_applies").unwrap(),
                    library: row.text("library"),
                    license: row.text("license"),
                    license_family: row.text("license_family"),
                    parameters: row.maybe_int("parameters"),
                    parameters_source: row.text("parameters_source"),
                    size_class: row.text("size_class"),
                    size_class_coarse: row.text("size_class_coarse"),
                    size_class_large: row.text("size_class_large"),
                    active_parameters: row.maybe_int("active_parameters"),
                    relation: row.text("relation"),
                    frameworks: frameworks.remove(&id).unwrap_or_default(),
                    languages: languages.remove(&id).unwrap_or_default(),
                    parents: of_model.into_iter().map(|(_, parent)| parent).collect(),
                    family,
                    maker,
                    family_tags: family_tags.remove(&id).unwrap_or_default(),
                    repo_id,
                    tensors,
                    id,
                }
            })
            .collect();
        assert_eq!(models.len(), owners.len(), "models of {date}");
        let first = ingested.records().next().unwrap();
        for row in ingested.records() {
            for column in OF_THE_SOURCE {
                assert_eq!(row.get(column), first.get(column), "{column} of {date}");
            }
        }
        Self {
            day: dates::parse(date),
            source: first.text("source"),
            coverage: first.text("coverage"),
            part: first.maybe_text("part"),
            counters_day: first.maybe_day("counters_date"),
            models,
            ingested,
            removed,
        }
    }

    pub(crate) fn model(&self, id: &str) -> Option<&Model> {
        self.models.iter().find(|model| model.id == id)
    }

    /// The rows of `ingest.models` that are on the Hub.
    pub(crate) fn there(&self) -> impl Iterator<Item = Record<'_>> {
        let rows = self.ingested.records();
        rows.filter(|row| row.maybe_bool("removed") != Some(true))
    }

    /// How many rows of `ingest.models` have no value, for each column that is
    /// about models.
    pub(crate) fn missing(&self) -> Vec<(String, usize)> {
        let empty = |value: &Value| match value {
            Value::Null => true,
            Value::Text(text) => text.trim().is_empty(),
            Value::List(texts) => texts.is_empty(),
            _ => false,
        };
        let columns = self.ingested.columns.iter().enumerate();
        columns
            .filter(|(_, column)| !OF_THE_SOURCE.contains(&column.as_str()))
            .map(|(place, column)| {
                let rows = self.ingested.rows.iter();
                let missing = rows.filter(|row| empty(&row[place])).count();
                (column.clone(), missing)
            })
            .collect()
    }

    /// The periods whose counter some model has.
    pub(crate) fn periods(&self) -> Vec<&'static str> {
        let mut periods = vec!["all_time", "last_30d"];
        periods.retain(|period| {
            self.models
                .iter()
                .any(|model| model.counter(period).is_some())
        });
        periods
    }
}

impl Model {
    pub(crate) fn counter(&self, period: &str) -> Option<i64> {
        match period {
            "all_time" => self.downloads_all_time,
            "last_30d" => self.downloads_30d,
            other => panic!("no period {other}"),
        }
    }

    /// Day on which it was made.
    pub(crate) fn created(&self) -> Option<i32> {
        self.created_at.map(dates::of)
    }

    pub(crate) fn year(&self) -> String {
        self.created().map_or_else(
            || "unknown".to_owned(),
            |day| dates::text(day)[..4].to_owned(),
        )
    }

    pub(crate) fn month(&self) -> String {
        self.created().map_or_else(
            || "unknown".to_owned(),
            |day| dates::text(day)[..7].to_owned(),
        )
    }

    /// Whether it was made within the 365 days that end with the day.
    pub(crate) fn is_recent(&self, day: i32) -> bool {
        self.created()
            .is_some_and(|made| (0..365).contains(&(day - made)))
    }

    pub(crate) fn class(&self, scheme: &str) -> &str {
        match scheme {
            "fine" => &self.size_class,
            "coarse" => &self.size_class_coarse,
            "large" => &self.size_class_large,
            other => panic!("no scheme {other}"),
        }
    }

    /// Its languages, each once: values that are codes of one are one.
    pub(crate) fn spoken(&self) -> BTreeSet<&str> {
        let values = self.languages.iter();
        values
            .filter_map(|value| value.language.as_deref())
            .collect()
    }

    pub(crate) fn place(&self, level: &str) -> &str {
        match level {
            "country" => &self.country,
            "continent" => &self.continent,
            "eu" => &self.eu_group,
            other => panic!("no level {other}"),
        }
    }
}
