//! Breakdowns of two snapshots beside each other.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::across::{Change, Changes};
use crate::cut::{self, SCHEMES, share};
use crate::large::classes;
use crate::origins::{Attribution, Maker, attributions};
use crate::rows::{Day, Row, Table, row};
use crate::snapshot::{Model, Snapshot};

/// What a breakdown counts the models by.
pub(crate) struct Breakdown {
    pub(crate) table: &'static str,
    /// The columns of a part that tell it from the others.
    pub(crate) columns: &'static str,
    /// Within which the parts have their places.
    pub(crate) levels: &'static [&'static str],
    pub(crate) by: By,
}

/// Whose value the models are counted by.
pub(crate) enum By {
    /// Their own; where a snapshot states none of any, there is no table.
    Model(fn(&Model) -> &String),
    /// That of who publishes them, or made what they were made from.
    Maker(fn(&Maker, &str) -> String),
}

/// The models of a part in both snapshots, and what became of them.
#[derive(Default)]
struct Moved {
    now: Vec<Option<i64>>,
    before: Vec<Option<i64>>,
    kept: usize,
    new: usize,
    entered: usize,
    lost: usize,
    by_kept: i64,
    by_new: i64,
    by_entered: i64,
    by_lost: i64,
}

impl Moved {
    fn downloads(&self) -> Option<i64> {
        cut::sum(self.now.iter().copied())
    }

    fn downloads_before(&self) -> Option<i64> {
        cut::sum(self.before.iter().copied())
    }

    fn add(&mut self, change: &Change<'_>, stays: bool, is: bool, was: bool, at: &At<'_>) {
        let counter = |model: Option<&Model>| model.and_then(|model| model.counter(at.period));
        let (now, before) = (counter(change.now), counter(change.before));
        if is {
            self.now.push(now);
        }
        if was {
            self.before.push(before);
        }
        let (to, from) = (now.unwrap_or(0), before.unwrap_or(0));
        match (stays, now, before) {
            (true, Some(_), Some(_)) => {
                self.kept += 1;
                self.by_kept += to - from;
            }
            // One of the two counters is not stated, so the other one is no gain.
            (true, ..) => {
                self.kept += 1;
                self.by_entered += to;
                self.by_lost += from;
            }
            (false, ..) => {
                if is && change.made_since(at.before.day) {
                    self.new += 1;
                    self.by_new += to;
                } else if is {
                    self.entered += 1;
                    self.by_entered += to;
                }
                if was {
                    self.lost += 1;
                    self.by_lost += from;
                }
            }
        }
    }

    /// From the number of models on to the share that was gained.
    fn row(&self, whole: Option<i64>, whole_before: Option<i64>) -> Row {
        let (now, before) = (self.downloads(), self.downloads_before());
        let of_both = now.and(before);
        let is = share(now, whole);
        let was = share(before, whole_before);
        let models = self.now.len() as i64;
        row![
            models,
            models - self.before.len() as i64,
            self.kept,
            self.new,
            self.entered,
            self.lost,
            now,
            now.and_then(|now| Some(now - before?)),
            of_both.map(|_| self.by_kept),
            of_both.map(|_| self.by_new),
            now.map(|_| self.by_entered),
            before.map(|_| self.by_lost),
            is,
            is.and_then(|is| Some(is - was?)),
        ]
    }
}

/// The universe and period that are asked about, and the snapshots.
struct At<'a> {
    universe: &'static str,
    period: &'static str,
    before: &'a Snapshot,
    models: BTreeSet<&'a str>,
    models_before: BTreeSet<&'a str>,
}

const COLUMNS: &str =
    "rank previous_date days previous_rank models models_gained models_kept models_new
    models_entered models_lost downloads downloads_gained gained_by_kept gained_by_new entered lost
    downloads_share share_gained";

/// Every universe in every period that both snapshots have.
fn cuts<'a>(changes: &Changes<'a>) -> Vec<At<'a>> {
    let mut both = Vec::new();
    let earlier = changes.before.cuts();
    for now in changes.now.cuts() {
        let same =
            |other: &&cut::Cut<'_>| other.universe == now.universe && other.period == now.period;
        let ids = |models: &cut::Part<'a>| models.iter().map(|c| &*c.model.id).collect();
        if let Some(before) = earlier.iter().find(same) {
            both.push(At {
                universe: now.universe,
                period: now.period,
                before: changes.before,
                models: ids(&now.models),
                models_before: ids(&before.models),
            });
        }
    }
    both
}

/// The parts of a level by name.
fn parts(
    changes: &Changes<'_>,
    at: &At<'_>,
    now: impl Fn(&Model) -> String,
    before: impl Fn(&Model) -> String,
) -> BTreeMap<String, Moved> {
    let mut parts: BTreeMap<String, Moved> = BTreeMap::new();
    for change in &changes.all {
        let there = change.now.filter(|model| at.models.contains(&*model.id));
        let stood = change
            .before
            .filter(|model| at.models_before.contains(&*model.id));
        let (is, was) = (there.map(&now), stood.map(&before));
        let stays = change.is_followed() && is.is_some() && is == was;
        if stays {
            let moved = parts.entry(is.unwrap()).or_default();
            moved.add(change, true, true, true, at);
            continue;
        }
        if let Some(is) = is {
            parts
                .entry(is)
                .or_default()
                .add(change, false, true, false, at);
        }
        if let Some(was) = was {
            parts
                .entry(was)
                .or_default()
                .add(change, false, false, true, at);
        }
    }
    parts
}

/// Places by downloads, ties in the order given; who is not there comes last.
fn places(parts: &[&Moved], numbers: fn(&Moved) -> (usize, Option<i64>)) -> Vec<usize> {
    let key = |place: usize| {
        let (models, downloads) = numbers(parts[place]);
        (models == 0, Reverse(downloads), place)
    };
    let ahead = |place: usize| {
        let others = 0..parts.len();
        others.filter(|other| key(*other) < key(place)).count()
    };
    let places = 0..parts.len();
    places.map(|place| ahead(place) + 1).collect()
}

fn here(moved: &Moved) -> (usize, Option<i64>) {
    (moved.now.len(), moved.downloads())
}

fn there(moved: &Moved) -> (usize, Option<i64>) {
    (moved.before.len(), moved.downloads_before())
}

/// Whether both snapshots state something of some model.
fn is_stated(changes: &Changes<'_>, part: fn(&Model) -> &String) -> bool {
    let snapshots = [changes.before, changes.now];
    snapshots.iter().all(|snapshot| {
        let mut models = snapshot.models.iter();
        models.any(|model| part(model) != "unknown")
    })
}

fn wholes<'a>(parts: impl Iterator<Item = &'a Moved> + Clone) -> (Option<i64>, Option<i64>) {
    let known = |numbers: Vec<Option<i64>>| {
        let known: Vec<i64> = numbers.into_iter().flatten().collect();
        (!known.is_empty()).then(|| known.iter().sum())
    };
    (
        known(parts.clone().map(Moved::downloads).collect()),
        known(parts.map(Moved::downloads_before).collect()),
    )
}

/// A breakdown beside that of the snapshot before, if there is one.
pub(crate) fn changes_of(changes: &Changes<'_>, breakdown: &Breakdown) -> Option<Table> {
    let key = format!("universe period {}", breakdown.columns);
    let mut table = Table::new(breakdown.table, &key, &format!("{key} {COLUMNS}"));
    let mut push = |at: &At<'_>, named: Row, parts: &BTreeMap<String, Moved>| {
        let all: Vec<&Moved> = parts.values().collect();
        let (whole, whole_before) = wholes(parts.values());
        let (ranks, previous) = (places(&all, here), places(&all, there));
        for (place, (name, moved)) in parts.iter().enumerate() {
            let was_there = !moved.before.is_empty();
            let mut row: Row = row![at.universe, at.period];
            row.extend(named.iter().cloned());
            row.extend(row![
                name,
                ranks[place],
                Day(changes.before.day),
                changes.days(),
                was_there.then_some(previous[place]),
            ]);
            row.extend(moved.row(whole, whole_before));
            table.push(row);
        }
    };
    match breakdown.by {
        By::Model(of) => {
            if !is_stated(changes, of) {
                return None;
            }
            for at in cuts(changes) {
                let of = |model: &Model| of(model).clone();
                push(&at, row![], &parts(changes, &at, of, of));
            }
        }
        By::Maker(of) => {
            let ways = both_ways(changes);
            for at in cuts(changes) {
                for (now, before) in &ways {
                    for level in breakdown.levels {
                        let is = |model: &Model| of(now.of(model), level);
                        let was = |model: &Model| of(before.of(model), level);
                        let mut named = row![now.name];
                        if breakdown.columns.contains("level") {
                            named.extend(row![*level]);
                        }
                        push(&at, named, &parts(changes, &at, is, was));
                    }
                }
            }
        }
    }
    let within: Vec<&str> = key.split(' ').collect();
    let (part, within) = within.split_last().unwrap();
    Some(table.sorted(&format!("{} rank {part}", within.join(" "))))
}

/// The ways to put models down to somebody that both snapshots have.
fn both_ways(changes: &Changes<'_>) -> Vec<(Attribution, Attribution)> {
    let (now, before) = (attributions(changes.now), attributions(changes.before));
    now.into_iter().zip(before).collect()
}

/// Every size class, with models or without.
pub(crate) fn size_changes(changes: &Changes<'_>) -> Option<Table> {
    let mut table = Table::new(
        "size_changes",
        "universe period scheme size_class",
        &format!("universe period scheme position size_class {COLUMNS}"),
    );
    if !is_stated(changes, |model| &model.size_class) {
        return None;
    }
    for at in cuts(changes) {
        for scheme in SCHEMES {
            let of = |model: &Model| model.class(scheme).to_owned();
            let mut parts = parts(changes, &at, of, of);
            let classes = classes(scheme);
            for class in &classes {
                parts.entry(class.name.clone()).or_default();
            }
            let all: Vec<&Moved> = classes.iter().map(|class| &parts[&class.name]).collect();
            let (whole, whole_before) = wholes(all.iter().copied());
            // A class without models has no downloads, and so its place.
            let ranks = places(&all, |moved| (1, moved.downloads()));
            let previous = places(&all, |moved| (1, moved.downloads_before()));
            for (place, class) in classes.iter().enumerate() {
                let mut row: Row = row![
                    at.universe,
                    at.period,
                    scheme,
                    class.position,
                    &class.name,
                    ranks[place],
                    Day(changes.before.day),
                    changes.days(),
                    previous[place],
                ];
                row.extend(all[place].row(whole, whole_before));
                table.push(row);
            }
        }
    }
    Some(table.sorted("universe period scheme position size_class"))
}
