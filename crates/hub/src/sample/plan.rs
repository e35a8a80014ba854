//! What follows from a specification before any model is drawn.

use chrono::{Datelike, NaiveDate};

use super::SampleSpec;
use super::curve::Curve;
use super::draw::Shuffle;
use super::error::SampleError;
use super::facts::{self, SampleFacts};

/// No model of the tail has more than this part of the smallest known entity's downloads, so that the known entities stay the most downloaded ones at every scale.
const TAIL_MODEL_LIMIT: f64 = 0.4;

/// What a model may gain in its first month, as part of the smallest known entity's downloads: less
/// than that entity gains in a month.
const YOUNG_MODEL_LIMIT: f64 = 0.005;

/// What follows from a specification before any model is drawn.
pub(crate) struct Plan<'a> {
    pub(crate) facts: &'a SampleFacts,
    pub(crate) seed: u64,
    /// Models of known entities, and their downloads.
    pub(crate) top_models: u64,
    pub(crate) top_downloads: f64,
    /// Models of the tail, the curve of their downloads by rank, and their accounts.
    pub(crate) tail_models: u64,
    pub(crate) tail_curve: Curve,
    /// Downloads above which a model of the tail is older than a month.
    pub(crate) young_limit: f64,
    pub(crate) accounts: u64,
    pub(crate) ranks: Shuffle,
    pub(crate) account_order: Shuffle,
    /// The day of the snapshot.
    pub(crate) day: i64,
}

impl<'a> Plan<'a> {
    pub(crate) fn new(spec: &'a SampleSpec, date: NaiveDate) -> Result<Self, SampleError> {
        let facts = &spec.facts;
        let totals = &facts.totals;
        let day = i64::from(date.num_days_from_ce());
        if day < totals.first {
            return Err(SampleError::TooEarly {
                date,
                first: facts::date(totals.first).unwrap_or(date),
            });
        }
        let scale = spec.models as f64 / totals.models as f64;
        let heads = facts.heads.len() as u64;
        let top_models = ((totals.top_models as f64 * scale + 0.5) as u64).max(heads);
        let top_downloads = totals.top_downloads as f64 * scale;
        let tail_models = spec.models.saturating_sub(top_models);
        let tail_downloads = (totals.downloads - totals.top_downloads) as f64 * scale;
        let tail_curve = tail_curve(spec, tail_models, tail_downloads, top_downloads)?;
        let accounts = (tail_models / totals.models_per_account).max(1);
        Ok(Self {
            facts,
            seed: spec.seed,
            top_models,
            top_downloads,
            tail_models,
            tail_curve,
            young_limit: smallest_entity(facts) * top_downloads * YOUNG_MODEL_LIMIT,
            accounts,
            ranks: Shuffle::new(spec.seed, 1, tail_models),
            account_order: Shuffle::new(spec.seed, 2, accounts),
            day,
        })
    }
}

/// The curve of the tail's downloads, fitted to their sum and cut off below the smallest entity.
fn tail_curve(
    spec: &SampleSpec,
    models: u64,
    downloads: f64,
    top_downloads: f64,
) -> Result<Curve, SampleError> {
    let facts = &spec.facts;
    let curve = &facts.curves.downloads;
    let from = facts.totals.fixed_until;
    let smallest = smallest_entity(facts) * TAIL_MODEL_LIMIT;
    let cap = curve.top().min(smallest * top_downloads);
    let wanted = downloads / models.max(1) as f64;
    let fits = |factor: f64| curve.stretched(from, factor, cap).area(1.0) >= wanted;
    let (mut low, mut high) = (0.0, 1e9);
    if models == 0 || !fits(high) {
        return Err(SampleError::TooFewModels {
            models: spec.models,
            minimum: minimum(facts, smallest),
        });
    }
    for _ in 0..100 {
        let middle = (low + high) * 0.5;
        if fits(middle) {
            high = middle
        } else {
            low = middle
        }
    }
    Ok(curve.stretched(from, high, cap))
}

/// The smallest share that an entity has of the downloads of all known ones.
fn smallest_entity(facts: &SampleFacts) -> f64 {
    let mut entities = std::collections::BTreeMap::<&str, f64>::new();
    for head in &facts.heads {
        *entities.entry(&head.entity).or_default() += head.share;
    }
    entities.into_values().fold(1.0, f64::min)
}

/// The number of models from which on the tail's downloads find room under the cap.
fn minimum(facts: &SampleFacts, smallest: f64) -> u64 {
    let totals = &facts.totals;
    let tail = (totals.downloads - totals.top_downloads) as f64;
    let each = smallest * totals.top_downloads as f64 / totals.models as f64;
    let room = (1.0 - totals.fixed_until) * each;
    let tail_needed = tail / (totals.models - totals.top_models) as f64 / room;
    tail_needed as u64 + 2 * facts.heads.len() as u64
}
