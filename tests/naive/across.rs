//! From snapshot to snapshot.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::breakdowns::{Breakdown, By, changes_of, size_changes};
use crate::cut::{self, LEVELS};
use crate::dates;
use crate::rows::{Day, Moment, Row, Table, Value, row};
use crate::snapshot::{Model, Snapshot};

/// By how many models two snapshots may always differ.
const FEW: usize = 20;
/// Days in which a Hub may double.
const DOUBLING: i32 = 180;

/// The breakdowns that are told from snapshot to snapshot, beside the sizes.
const BREAKDOWNS: [Breakdown; 5] = [
    Breakdown {
        table: "geography_changes",
        columns: "attribution level place",
        levels: &LEVELS,
        by: By::Maker(|maker, level| maker.place(level).to_owned()),
    },
    Breakdown {
        table: "entity_type_changes",
        columns: "attribution entity_type",
        levels: &[""],
        by: By::Maker(|maker, _| maker.entity_type.clone()),
    },
    Breakdown {
        table: "task_changes",
        columns: "task",
        levels: &[],
        by: By::Model(|model| &model.task),
    },
    Breakdown {
        table: "license_changes",
        columns: "license",
        levels: &[],
        by: By::Model(|model| &model.license),
    },
    Breakdown {
        table: "library_changes",
        columns: "library",
        levels: &[],
        by: By::Model(|model| &model.library),
    },
];

/// The tables of the last of these snapshots; the others come before it. Where
/// it cannot be compared with the one before, nothing is told of changes.
pub(crate) fn tables(snapshots: &[Snapshot]) -> Vec<Table> {
    let now = &snapshots[snapshots.len() - 1];
    let before = snapshots
        .len()
        .checked_sub(2)
        .map(|place| &snapshots[place]);
    let mut tables = vec![snapshot_gaps(snapshots), beside(before, now)];
    let Some(before) = before.filter(|before| comparable(before, now)) else {
        return tables;
    };
    let changes = Changes::between(before, now);
    tables.extend([snapshot_changes(&changes)]);
    let breakdowns = BREAKDOWNS.iter();
    tables.extend(breakdowns.filter_map(|breakdown| changes_of(&changes, breakdown)));
    tables.extend(size_changes(&changes));
    tables
}

/// Whether one snapshot may be told as what became of another: both are of one
/// source or have the whole Hub, and it has about as many models.
fn comparable(before: &Snapshot, now: &Snapshot) -> bool {
    of_the_same(before, now) && about_as_many(before, now)
}

pub(crate) fn of_the_same(before: &Snapshot, now: &Snapshot) -> bool {
    let is_census = |snapshot: &Snapshot| snapshot.coverage == "census";
    before.source == now.source || (is_census(before) && is_census(now))
}

/// At least half as many models, and at most twice as many, for each half year
/// between the two twice that.
pub(crate) fn about_as_many(before: &Snapshot, now: &Snapshot) -> bool {
    let (old, new) = (before.models.len(), now.models.len());
    let mut most = 2 * old;
    for _ in 0..(now.day - before.day) / DOUBLING {
        most *= 2;
    }
    old.abs_diff(new) <= FEW || (2 * new >= old && new <= most)
}

/// Why nothing is told of changes.
fn why_not(before: &Snapshot, now: &Snapshot) -> Option<String> {
    let date = dates::text(before.day);
    let kind = |snapshot: &Snapshot| format!("a {} from {}", snapshot.coverage, snapshot.source);
    if !of_the_same(before, now) {
        return Some(format!(
            "it is {} and the one before it, of {date}, {}",
            kind(now),
            kind(before)
        ));
    }
    let (old, new) = (before.models.len(), now.models.len());
    (!about_as_many(before, now))
        .then(|| format!("it has {new} models and the one before it, of {date}, {old}"))
}

fn beside(before: Option<&Snapshot>, now: &Snapshot) -> Table {
    let mut table = Table::new(
        "snapshots",
        "kind",
        "kind source coverage part counters_date rows downloads_all_time downloads_30d likes previous_date days
         previous_source previous_rows previous_downloads_all_time previous_downloads_30d previous_likes
         lost_columns comparable_predecessor not_comparable_because",
    );
    let compared = before.filter(|before| comparable(before, now));
    let mut row: Row = row![
        "models",
        &now.source,
        &now.coverage,
        now.part.as_ref(),
        now.counters_day.map(Day),
        now.models.len(),
    ];
    row.extend(COUNTERS.map(|counter| Value::from(total(now, counter))));
    row.extend(row![
        before.map(|before| Day(before.day)),
        before.map(|before| i64::from(now.day - before.day)),
        before.map(|before| &before.source),
        before.map(|before| before.models.len()),
    ]);
    row.extend(COUNTERS.map(|counter| {
        let total = before.and_then(|before| total(before, counter));
        Value::from(total)
    }));
    row.extend(row![
        before.map(|before| lost_columns(before, now)),
        compared.map(|before| Day(before.day)),
        match before {
            Some(before) => why_not(before, now),
            None => Some("there is no snapshot before it".to_owned()),
        },
    ]);
    table.push(row);
    table
}

const COUNTERS: [fn(&Model) -> Option<i64>; 3] = [
    |model| model.downloads_all_time,
    |model| model.downloads_30d,
    |model| model.likes,
];

fn total(snapshot: &Snapshot, counter: fn(&Model) -> Option<i64>) -> Option<i64> {
    cut::sum(snapshot.models.iter().map(counter))
}

/// Columns that the first snapshot has some value of and the second has none.
fn lost_columns(before: &Snapshot, now: &Snapshot) -> Vec<String> {
    let has_none = |snapshot: &Snapshot| -> BTreeSet<String> {
        let missing = snapshot.missing().into_iter();
        let all = missing.filter(|(_, missing)| *missing == snapshot.ingested.rows.len());
        all.map(|(column, _)| column).collect()
    };
    let lost = has_none(now);
    lost.difference(&has_none(before)).cloned().collect()
}

/// What became of a model; one that is followed has both its days.
pub(crate) struct Change<'a> {
    status: &'static str,
    pub(crate) before: Option<&'a Model>,
    pub(crate) now: Option<&'a Model>,
}

pub(crate) struct Changes<'a> {
    pub(crate) before: &'a Snapshot,
    pub(crate) now: &'a Snapshot,
    pub(crate) all: Vec<Change<'a>>,
}

impl<'a> Changes<'a> {
    pub(crate) fn between(before: &'a Snapshot, now: &'a Snapshot) -> Self {
        let mut all = Vec::new();
        let mut followed: BTreeSet<&str> = BTreeSet::new();
        for model in &now.models {
            let (status, past) = whence(model, before, now);
            followed.extend(past.map(|past| &*past.id));
            all.push(Change {
                status,
                before: past,
                now: Some(model),
            });
        }
        for model in &before.models {
            if !followed.contains(&*model.id) {
                all.push(Change {
                    status: "gone",
                    before: Some(model),
                    now: None,
                });
            }
        }
        Self { before, now, all }
    }

    pub(crate) fn days(&self) -> i64 {
        i64::from(self.now.day - self.before.day)
    }
}

/// What a model was in the snapshot before.
fn whence<'a>(
    model: &Model,
    before: &'a Snapshot,
    now: &Snapshot,
) -> (&'static str, Option<&'a Model>) {
    let same_repository =
        |other: &&Model| other.repo_id.is_some() && other.repo_id == model.repo_id;
    if let Some(past) = before.models.iter().find(same_repository) {
        let status = if past.id == model.id {
            "kept"
        } else {
            "renamed"
        };
        return (status, Some(past));
    }
    let Some(past) = before.model(&model.id) else {
        return ("new", None);
    };
    // Whoever had the id before may have another one now.
    let lives_on =
        past.repo_id.is_some() && now.models.iter().any(|other| other.repo_id == past.repo_id);
    if lives_on {
        return ("new", None);
    }
    let another = if model.repo_id.is_some() && past.repo_id.is_some() {
        true
    } else {
        made_again(past.created_at, model.created_at)
    };
    (if another { "recreated" } else { "kept" }, Some(past))
}

/// Whether two dates of creation are of two repositories.
fn made_again(past: Option<i64>, now: Option<i64>) -> bool {
    let second = |moment: i64| moment.div_euclid(1_000_000);
    match (past, now) {
        (Some(past), Some(now)) => second(past) != second(now),
        _ => false,
    }
}

impl Change<'_> {
    pub(crate) fn is_followed(&self) -> bool {
        matches!(self.status, "kept" | "renamed")
    }

    pub(crate) fn gained(&self, counter: impl Fn(&Model) -> Option<i64>) -> Option<i64> {
        let followed = self.is_followed();
        let numbers = (self.now.and_then(&counter), self.before.and_then(&counter));
        match numbers {
            (Some(now), Some(before)) if followed => Some(now - before),
            _ => None,
        }
    }

    fn is_change(&self) -> bool {
        let counters = |model: &Model| (model.downloads_all_time, model.downloads_30d, model.likes);
        self.status != "kept" || self.now.map(counters) != self.before.map(counters)
    }

    pub(crate) fn made_since(&self, day: i32) -> bool {
        let created = self.now.and_then(Model::created);
        matches!(self.status, "new" | "recreated") && created.is_some_and(|created| created >= day)
    }

    pub(crate) fn latest(&self) -> &Model {
        self.now.or(self.before).unwrap()
    }
}

/// The place of a model among those of its snapshot; equals share one.
fn place(snapshot: &Snapshot, model: Option<&Model>, period: &str) -> Option<usize> {
    let own = model?.counter(period)?;
    let ahead = |other: &&Model| other.counter(period).is_some_and(|number| number > own);
    Some(snapshot.models.iter().filter(ahead).count() + 1)
}

fn snapshot_changes(changes: &Changes<'_>) -> Table {
    let mut table = Table::new(
        "snapshot_changes",
        "id status",
        "position id status previous_id entity size_class size_class_coarse previous_date days created_at
         made_since tombstone downloads_all_time previous_downloads_all_time downloads_all_time_gained
         rank_all_time previous_rank_all_time downloads_30d previous_downloads_30d downloads_30d_gained rank_30d
         previous_rank_30d likes previous_likes likes_gained is_regression",
    );
    let (before, now) = (changes.before, changes.now);
    let gain = |change: &Change<'_>| {
        let of_all_time = change.gained(|model| model.downloads_all_time);
        of_all_time.or(change.gained(|model| model.downloads_30d))
    };
    let mut changed: Vec<&Change<'_>> = changes
        .all
        .iter()
        .filter(|change| change.is_change())
        .collect();
    // Nothing is less than any gain, and so comes last.
    changed.sort_by_key(|change| (Reverse(gain(change)), &change.latest().id, change.status));
    for (ahead, change) in changed.iter().enumerate() {
        let latest = change.latest();
        let tombstone = match change.status {
            "gone" => now.removed.contains(&latest.id),
            "new" => before.removed.contains(&latest.id),
            _ => false,
        };
        let previous_id = (change.status == "renamed").then(|| &change.before.unwrap().id);
        let mut row: Row = row![
            ahead + 1,
            &latest.id,
            change.status,
            previous_id,
            &latest.entity,
            &latest.size_class,
            &latest.size_class_coarse,
            Day(before.day),
            changes.days(),
            latest.created_at.map(Moment),
            change.made_since(before.day),
            tombstone,
        ];
        for period in ["all_time", "last_30d"] {
            let counter = |model: &Model| model.counter(period);
            row.extend(row![
                change.now.and_then(counter),
                change.before.and_then(counter),
                change.gained(counter),
                place(now, change.now, period),
                place(before, change.before, period),
            ]);
        }
        let likes = |model: &Model| model.likes;
        row.extend(row![
            change.now.and_then(likes),
            change.before.and_then(likes),
            change.gained(likes),
            change
                .gained(|model| model.downloads_all_time)
                .is_some_and(|gain| gain < 0),
        ]);
        table.push(row);
    }
    table.sorted("position id status")
}

fn snapshot_gaps(snapshots: &[Snapshot]) -> Table {
    let mut table = Table::new(
        "snapshot_gaps",
        "last_before",
        "last_before first_after missing_days",
    );
    for two in snapshots.windows(2) {
        let missing = two[1].day - two[0].day - 1;
        if missing > 0 {
            table.push(row![Day(two[0].day), Day(two[1].day), i64::from(missing)]);
        }
    }
    table
}
