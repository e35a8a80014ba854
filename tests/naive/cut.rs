//! Universes and periods, groups of models in them, and places by downloads.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::snapshot::{Model, Snapshot};

pub(crate) const LEVELS: [&str; 3] = ["country", "continent", "eu"];
pub(crate) const SCHEMES: [&str; 2] = ["fine", "coarse"];

/// A model and its downloads in the period that is asked about, if the source
/// states them.
#[derive(Clone, Copy)]
pub(crate) struct Counted<'a> {
    pub(crate) model: &'a Model,
    pub(crate) downloads: Option<i64>,
}

pub(crate) type Part<'a> = Vec<Counted<'a>>;

/// The models of a universe, with their downloads in a period.
pub(crate) struct Cut<'a> {
    pub(crate) universe: &'static str,
    pub(crate) period: &'static str,
    pub(crate) models: Part<'a>,
    pub(crate) downloads: Option<i64>,
}

impl Snapshot {
    /// Every universe in every period that the source counts.
    pub(crate) fn cuts(&self) -> Vec<Cut<'_>> {
        let mut cuts = Vec::new();
        for period in self.periods() {
            let count = |model| Counted {
                model,
                downloads: Model::counter(model, period),
            };
            let hub: Part<'_> = self.models.iter().map(count).collect();
            let entities = by_downloads(group(&hub, |model| model.entity.clone()));
            let top: Part<'_> = entities
                .into_iter()
                .take(50)
                .flat_map(|(_, _, models)| models)
                .collect();
            for (universe, models) in [("all", hub), ("top50", top)] {
                let downloads = downloads(&models);
                cuts.push(Cut {
                    universe,
                    period,
                    models,
                    downloads,
                });
            }
        }
        cuts
    }
}

/// The models by a key.
pub(crate) fn group<'a, K: Ord>(
    models: &[Counted<'a>],
    key: impl Fn(&'a Model) -> K,
) -> BTreeMap<K, Part<'a>> {
    let mut groups: BTreeMap<K, Part<'a>> = BTreeMap::new();
    for counted in models {
        groups.entry(key(counted.model)).or_default().push(*counted);
    }
    groups
}

/// The groups by downloads, ties by name, each with its place from 1 on; what
/// is not known comes last.
pub(crate) fn by_downloads<K: Ord>(groups: BTreeMap<K, Part<'_>>) -> Vec<(usize, K, Part<'_>)> {
    ranked(groups, |part| downloads(part))
}

/// The groups by a number, the largest first, ties by name.
pub(crate) fn ranked<'a, K: Ord, N: Ord>(
    groups: BTreeMap<K, Part<'a>>,
    number: impl Fn(&Part<'a>) -> N,
) -> Vec<(usize, K, Part<'a>)> {
    let mut parts: Vec<(K, Part<'a>)> = groups.into_iter().collect();
    // The sort is stable, and the groups come by name. Nothing is less than any number.
    parts.sort_by_key(|(_, part)| Reverse(number(part)));
    let places = parts.into_iter().enumerate();
    places
        .map(|(before, (name, part))| (before + 1, name, part))
        .collect()
}

/// The numbers of some models together: nothing is known where there are
/// models and the source states no number of them.
pub(crate) fn sum(numbers: impl IntoIterator<Item = Option<i64>>) -> Option<i64> {
    let numbers: Vec<Option<i64>> = numbers.into_iter().collect();
    let known: Vec<i64> = numbers.iter().flatten().copied().collect();
    (numbers.is_empty() || !known.is_empty()).then(|| known.iter().sum())
}

pub(crate) fn downloads(models: &[Counted<'_>]) -> Option<i64> {
    sum(models.iter().map(|counted| counted.downloads))
}

/// Downloads of the models of which something is true.
pub(crate) fn downloads_where(
    models: &[Counted<'_>],
    holds: impl Fn(&Model) -> bool,
) -> Option<i64> {
    let those = models.iter().filter(|counted| holds(counted.model));
    sum(those.map(|counted| counted.downloads))
}

/// The downloads of each of the models whose number is stated.
pub(crate) fn stated(models: &[Counted<'_>]) -> Vec<i64> {
    models
        .iter()
        .filter_map(|counted| counted.downloads)
        .collect()
}

pub(crate) fn count_where(models: &[Counted<'_>], holds: impl Fn(&Model) -> bool) -> usize {
    models.iter().filter(|counted| holds(counted.model)).count()
}

pub(crate) fn likes(models: &[Counted<'_>]) -> Option<i64> {
    sum(models.iter().map(|counted| counted.model.likes))
}

pub(crate) fn entities(models: &[Counted<'_>]) -> usize {
    let names: BTreeSet<&str> = models
        .iter()
        .map(|counted| &*counted.model.entity)
        .collect();
    names.len()
}

pub(crate) fn accounts(models: &[Counted<'_>]) -> usize {
    let names: BTreeSet<&str> = models
        .iter()
        .map(|counted| &*counted.model.account)
        .collect();
    names.len()
}

/// A part of a whole, nothing if there is no whole or one of them is not known.
pub(crate) fn share(part: Option<i64>, whole: Option<i64>) -> Option<f64> {
    let (part, whole) = (part?, whole?);
    (whole != 0).then(|| part as f64 / whole as f64)
}

pub(crate) fn share_of(part: usize, whole: usize) -> Option<f64> {
    (whole != 0).then(|| part as f64 / whole as f64)
}

pub(crate) fn mean(numbers: &[i64]) -> Option<f64> {
    let sum: i128 = numbers.iter().map(|number| i128::from(*number)).sum();
    (!numbers.is_empty()).then(|| sum as f64 / numbers.len() as f64)
}

/// The middle one, the mean of the middle two.
pub(crate) fn median(numbers: &[i64]) -> Option<f64> {
    let mut numbers = numbers.to_vec();
    numbers.sort_unstable();
    let half = numbers.len() / 2;
    match numbers.len() {
        0 => None,
        n if n % 2 == 1 => Some(numbers[half] as f64),
        _ => Some((numbers[half - 1] as f64 + numbers[half] as f64) / 2.0),
    }
}
