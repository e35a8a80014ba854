//! The facts of a sample, parsed from CSV texts.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};

use super::curve::Curve;
use super::draw::Weighted;
use super::dtypes::DTYPES;
use super::error::SampleError;
use super::table::{Row, Table};

/// The CSV texts that [`SampleFacts::parse`] reads, each with a header.
#[derive(Clone, Copy, Debug)]
pub struct FactTexts<'t> {
    /// `totals.csv`: how many models and downloads, and rates of change.
    pub totals: &'t str,
    /// `heads.csv`: the models of known entities, each with its share and its siblings.
    pub heads: &'t str,
    /// `archetypes.csv`: the kinds of models in the tail.
    pub archetypes: &'t str,
    /// `curves.csv`: distributions as piecewise-linear curves.
    pub curves: &'t str,
    /// `choices.csv`: weighted lists of languages, licences, base models.
    pub choices: &'t str,
}

/// What a sample holds to.
#[derive(Clone, Debug)]
pub struct SampleFacts {
    pub(crate) totals: Totals,
    pub(crate) heads: Vec<Head>,
    pub(crate) archetypes: Weighted<Archetype>,
    pub(crate) curves: Curves,
    pub(crate) choices: Choices,
}

/// Counts of the whole Hub and rates of change.
#[derive(Clone, Debug)]
pub(crate) struct Totals {
    pub(crate) reference: i64,
    pub(crate) first: i64,
    pub(crate) first_second: i64,
    pub(crate) models: u64,
    pub(crate) downloads: u64,
    pub(crate) top_models: u64,
    pub(crate) top_downloads: u64,
    pub(crate) models_per_account: u64,
    pub(crate) fixed_until: f64,
    pub(crate) active_share: f64,
    pub(crate) active_rate: f64,
    pub(crate) popular_rate: f64,
    pub(crate) births_per_day: f64,
    pub(crate) deletions_per_day: f64,
    pub(crate) renamed_share: f64,
    pub(crate) regression_share: f64,
    pub(crate) gated_share: f64,
}

/// Where a model's size is stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Safetensors,
    Gguf,
    Name,
    None,
}

/// A model of a known entity, and the siblings of its kind.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) entity: String,
    pub(crate) account: String,
    pub(crate) model: String,
    pub(crate) kind: Kind,
    pub(crate) dtype: Option<usize>,
    pub(crate) parameters: u64,
    pub(crate) languages: Vec<String>,
    pub(crate) license: String,
    pub(crate) base_model: String,
    pub(crate) gated: String,
    pub(crate) created: i64,
    /// Of the downloads of all known entities; a sum of 1 over all heads.
    pub(crate) share: f64,
    /// The model's own part of that share; the rest is its siblings'.
    pub(crate) head_share: f64,
    /// The part of the siblings' downloads that the popular ones have.
    pub(crate) popular_share: f64,
    pub(crate) siblings: u64,
    pub(crate) popular: u64,
    pub(crate) sized: u64,
    pub(crate) monthly_rate: f64,
}

/// What heads and archetypes have in common.
#[derive(Clone, Debug)]
pub(crate) struct Kind {
    pub(crate) pipeline_tag: String,
    pub(crate) library: String,
    pub(crate) model_type: String,
    pub(crate) relation: String,
    pub(crate) format: Format,
}

/// A kind of model in the tail.
#[derive(Clone, Debug)]
pub(crate) struct Archetype {
    pub(crate) kind: Kind,
    pub(crate) size: Curve,
    pub(crate) size_words: Weighted<String>,
    pub(crate) bases: Weighted<String>,
    pub(crate) stem: String,
    pub(crate) card_rate: f64,
    pub(crate) language_rate: f64,
    pub(crate) large: bool,
}

/// Distributions.
#[derive(Clone, Debug)]
pub(crate) struct Curves {
    pub(crate) downloads: Curve,
    pub(crate) created: Curve,
}

/// Weighted lists.
#[derive(Clone, Debug)]
pub(crate) struct Choices {
    pub(crate) languages: Weighted<String>,
    pub(crate) licenses: Weighted<String>,
    pub(crate) datasets: Weighted<String>,
    pub(crate) qualities: Weighted<String>,
}

/// The smallest size band whose weights are stored in half precision.
const LARGE_BAND: &str = "3";

impl SampleFacts {
    /// Parses the texts.
    ///
    /// # Errors
    /// The first column, row or field that is missing or not what it should be, with file and
    /// line.
    pub fn parse(texts: &FactTexts<'_>) -> Result<Self, SampleError> {
        let totals = totals(&Table::read("totals.csv", texts.totals)?)?;
        let mut curves = curves(&Table::read("curves.csv", texts.curves)?)?;
        let mut choices = choices(&Table::read("choices.csv", texts.choices)?)?;
        let heads = heads(&Table::read("heads.csv", texts.heads)?)?;
        let table = Table::read("archetypes.csv", texts.archetypes)?;
        let mut archetypes = Weighted::default();
        for row in table.rows() {
            let weight = row.number("weight", 0.0, 1e9)?;
            archetypes.push(archetype(&row, &curves, &choices)?, weight);
        }
        if archetypes.pick(0.0).is_none() {
            return Err(absent("archetypes.csv", "an archetype with a weight"));
        }
        let mut curve = |name| curves.remove(name).ok_or(absent("curves.csv", name));
        let mut choice = |name| choices.remove(name).ok_or(absent("choices.csv", name));
        Ok(Self {
            curves: Curves {
                downloads: curve("tail_downloads")?,
                created: curve("tail_created")?,
            },
            choices: Choices {
                languages: choice("language")?,
                licenses: choice("license")?,
                datasets: choice("dataset")?,
                qualities: choice("quality")?,
            },
            totals,
            heads,
            archetypes,
        })
    }

    /// The date on which the shares hold and exactly the models asked for are alive.
    #[must_use]
    pub fn reference_date(&self) -> Option<NaiveDate> {
        date(self.totals.reference)
    }

    /// How many models there were in truth on the reference date.
    #[must_use]
    pub fn full_scale(&self) -> u64 {
        self.totals.models
    }
}

/// The date of a day counted from the beginning of the common era.
pub(crate) fn date(day: i64) -> Option<NaiveDate> {
    NaiveDate::from_num_days_from_ce_opt(i32::try_from(day).ok()?)
}

fn absent(file: &'static str, name: &str) -> SampleError {
    SampleError::Absent {
        file,
        name: name.to_owned(),
    }
}

fn day(row: &Row<'_>, column: &'static str) -> Result<i64, SampleError> {
    let date: NaiveDate = row.value(column, "a date like 2025-10-01")?;
    Ok(i64::from(date.num_days_from_ce()))
}

fn totals(table: &Table) -> Result<Totals, SampleError> {
    let mut rows = BTreeMap::new();
    for row in table.rows() {
        rows.insert(row.required("measure")?, row);
    }
    let row = |name: &str| rows.get(name).ok_or(absent("totals.csv", name));
    let count = |name: &str| row(name)?.value::<u64>("value", "a whole number");
    let share = |name: &str| row(name)?.number("value", 0.0, 1.0);
    let totals = Totals {
        reference: day(row("reference_date")?, "value")?,
        first: day(row("first_date")?, "value")?,
        first_second: count("first_second")?.min(86_399) as i64,
        models: count("models")?,
        downloads: count("downloads")?,
        top_models: count("top50_models")?,
        top_downloads: count("top50_downloads")?,
        models_per_account: count("tail_models_per_account")?.max(1),
        fixed_until: share("tail_fixed_until")?,
        active_share: share("tail_active_share")?,
        active_rate: share("tail_active_rate")?,
        popular_rate: share("tail_popular_rate")?,
        births_per_day: share("births_per_day")?,
        deletions_per_day: share("deletions_per_day")?,
        renamed_share: share("renamed_share")?,
        regression_share: share("regression_share")?,
        gated_share: share("gated_share")?,
    };
    let parts = [
        ("top50_models", "models", totals.top_models, totals.models),
        (
            "top50_downloads",
            "downloads",
            totals.top_downloads,
            totals.downloads,
        ),
    ];
    for (part, whole, small, large) in parts {
        if small >= large {
            let expected = format!("less than `{whole}` ({large})");
            return Err(row(part)?.refuse("value", &expected, &small.to_string()));
        }
    }
    Ok(totals)
}

fn curves(table: &Table) -> Result<BTreeMap<String, Curve>, SampleError> {
    let mut points: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
    for row in table.rows() {
        let curve = points.entry(row.required("curve")?.to_owned()).or_default();
        let least = curve.last().map_or(0.0, |point| point.0);
        let position = row.number("position", least, 1.0)?;
        curve.push((position, row.number("value", 0.0, 1e15)?));
    }
    Ok(points
        .into_iter()
        .map(|(name, points)| (name, Curve::new(points)))
        .collect())
}

fn choices(table: &Table) -> Result<BTreeMap<String, Weighted<String>>, SampleError> {
    let mut choices: BTreeMap<String, Weighted<String>> = BTreeMap::new();
    for row in table.rows() {
        let choice = choices
            .entry(row.required("choice")?.to_owned())
            .or_default();
        let weight = row.number("weight", 0.0, 1e9)?;
        choice.push(row.required("value")?.to_owned(), weight);
    }
    Ok(choices)
}

fn kind(row: &Row<'_>) -> Result<Kind, SampleError> {
    let format = match row.text("format")? {
        "safetensors" => Format::Safetensors,
        "gguf" => Format::Gguf,
        "name" => Format::Name,
        "none" => Format::None,
        other => return Err(row.refuse("format", "safetensors, gguf, name or none", other)),
    };
    Ok(Kind {
        pipeline_tag: row.text("pipeline_tag")?.to_owned(),
        library: row.text("library")?.to_owned(),
        model_type: row.text("model_type")?.to_owned(),
        relation: row.text("relation")?.to_owned(),
        format,
    })
}

fn heads(table: &Table) -> Result<Vec<Head>, SampleError> {
    let mut heads = Vec::new();
    for row in table.rows() {
        heads.push(head(&row)?);
    }
    let sum: f64 = heads.iter().map(|head| head.share).sum();
    if sum <= 0.0 {
        return Err(absent("heads.csv", "a model with a downloads_share"));
    }
    for head in &mut heads {
        head.share /= sum;
    }
    Ok(heads)
}

fn head(row: &Row<'_>) -> Result<Head, SampleError> {
    let kind = kind(row)?;
    let count = |column| row.value::<u64>(column, "a whole number");
    let models = count("models")?;
    let siblings = match models.checked_sub(1) {
        Some(siblings) => siblings,
        None => return Err(row.refuse("models", "at least 1", "0")),
    };
    for column in ["popular_models", "sized_models"] {
        if count(column)? > siblings {
            return Err(row.refuse(column, "less than `models`", row.text(column)?));
        }
    }
    let dtype = match row.text("dtype")? {
        "" => None,
        text => match DTYPES.iter().position(|name| *name == text) {
            Some(at) => Some(at),
            None => return Err(row.refuse("dtype", "a type of safetensors, such as BF16", text)),
        },
    };
    let has_size = matches!(kind.format, Format::Safetensors | Format::Gguf);
    let parameters = match row.text("parameters")? {
        "" if !has_size => 0,
        _ => count("parameters")?,
    };
    Ok(Head {
        entity: row.required("entity")?.to_owned(),
        account: row.required("account")?.to_owned(),
        model: row.required("model")?.to_owned(),
        dtype,
        parameters,
        languages: row
            .text("languages")?
            .split_whitespace()
            .map(str::to_owned)
            .collect(),
        license: row.text("license")?.to_owned(),
        base_model: row.text("base_model")?.to_owned(),
        gated: row.text("gated")?.to_owned(),
        created: day(row, "created")?,
        share: row.number("downloads_share", 0.0, 1.0)?,
        head_share: row.number("head_share", 0.0, 1.0)?,
        popular_share: row.number("popular_share", 0.0, 1.0)?,
        siblings,
        popular: count("popular_models")?,
        sized: count("sized_models")?,
        monthly_rate: row.number("monthly_rate", 0.0, 1.0)?,
        kind,
    })
}

fn archetype(
    row: &Row<'_>,
    curves: &BTreeMap<String, Curve>,
    choices: &BTreeMap<String, Weighted<String>>,
) -> Result<Archetype, SampleError> {
    let kind = kind(row)?;
    let band = row.text("size_band")?;
    let family = row.text("family")?;
    let choice = |name: String| match choices.get(&name) {
        Some(choice) => Ok(choice.clone()),
        None => Err(absent("choices.csv", &name)),
    };
    let size = format!("size_band_{band}");
    Ok(Archetype {
        size: match kind.format {
            Format::Safetensors | Format::Gguf => match curves.get(&size) {
                Some(curve) => curve.clone(),
                None => return Err(absent("curves.csv", &size)),
            },
            Format::Name | Format::None => Curve::default(),
        },
        size_words: match kind.format {
            Format::Name => choice(format!("name_size_{band}"))?,
            _ => Weighted::default(),
        },
        bases: match kind.relation.as_str() {
            "" => Weighted::default(),
            _ => choice(format!("base_{family}"))?,
        },
        stem: row.required("stem")?.to_owned(),
        card_rate: row.number("card_rate", 0.0, 1.0)?,
        language_rate: row.number("language_rate", 0.0, 1.0)?,
        large: band >= LARGE_BAND,
        kind,
    })
}
