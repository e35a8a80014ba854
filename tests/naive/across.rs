//! From snapshot to snapshot.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::cut;
use crate::dates;
use crate::rows::{Day, Moment, Record, Row, Table, row};
use crate::snapshot::{Model, Snapshot};
use crate::who;

/// By how many models two snapshots may always differ.
const FEW: usize = 20;
/// Days in which a Hub may double.
const DOUBLING: i32 = 180;

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
    let momentum = momentum(&changes);
    tables.extend([
        snapshot_changes(&changes),
        crossovers(&momentum, now.day),
        momentum,
        breakdown_changes(
            &changes,
            "geography_changes",
            "universe period level",
            "place",
            who::geography,
        ),
        breakdown_changes(
            &changes,
            "entity_type_changes",
            "universe period",
            "entity_type",
            who::entity_types,
        ),
    ]);
    tables
}

/// Whether one snapshot may be told as what became of another: it has at least
/// half as many models, and at most twice as many, for each half year between
/// them twice that.
pub(crate) fn comparable(before: &Snapshot, now: &Snapshot) -> bool {
    let (old, new) = (before.models.len(), now.models.len());
    let mut most = 2 * old;
    for _ in 0..(now.day - before.day) / DOUBLING {
        most *= 2;
    }
    old.abs_diff(new) <= FEW || (2 * new >= old && new <= most)
}

fn beside(before: Option<&Snapshot>, now: &Snapshot) -> Table {
    let mut table = Table::new(
        "snapshots",
        "kind",
        "kind rows previous_date days previous_rows comparable_predecessor not_comparable_because",
    );
    let compared = before.filter(|before| comparable(before, now));
    table.push(row![
        "models",
        now.models.len(),
        before.map(|before| Day(before.day)),
        before.map(|before| i64::from(now.day - before.day)),
        before.map(|before| before.models.len()),
        compared.map(|before| Day(before.day)),
        match (before, compared) {
            (_, Some(_)) => None,
            (None, None) => Some("there is no snapshot before it".to_owned()),
            (Some(before), None) => Some(format!(
                "it has {} models and the one before it, of {}, {}",
                now.models.len(),
                dates::text(before.day),
                before.models.len()
            )),
        },
    ]);
    table
}

/// What became of a model; one that is followed has both its days.
struct Change<'a> {
    status: &'static str,
    before: Option<&'a Model>,
    now: Option<&'a Model>,
}

struct Changes<'a> {
    before: &'a Snapshot,
    now: &'a Snapshot,
    all: Vec<Change<'a>>,
}

impl<'a> Changes<'a> {
    fn between(before: &'a Snapshot, now: &'a Snapshot) -> Self {
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

    fn days(&self) -> i64 {
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
    fn is_followed(&self) -> bool {
        matches!(self.status, "kept" | "renamed")
    }

    fn gained(&self, counter: impl Fn(&Model) -> Option<i64>) -> Option<i64> {
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

    fn made_since(&self, day: i32) -> bool {
        let created = self.now.and_then(Model::created);
        matches!(self.status, "new" | "recreated") && created.is_some_and(|created| created >= day)
    }

    fn latest(&self) -> &Model {
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

/// The numbers of an entity, as a whole or in a size class.
#[derive(Default)]
struct Moved {
    /// Of each of its models that stand there.
    now: Vec<Option<i64>>,
    before: Vec<Option<i64>>,
    by_kept: i64,
    by_new: i64,
    entered: i64,
    lost: i64,
}

fn momentum(changes: &Changes<'_>) -> Table {
    let mut table = Table::new(
        "momentum",
        "period scheme size_class entity",
        "period scheme size_class rank previous_rank entity previous_date days downloads previous_downloads
         gained gained_by_kept gained_by_new entered lost_with_gone gained_per_day",
    );
    let before = changes.before.periods();
    for period in changes.now.periods() {
        if !before.contains(&period) {
            continue;
        }
        for scheme in ["all", "fine", "coarse"] {
            let mut classes: BTreeMap<&str, BTreeMap<&str, Moved>> = BTreeMap::new();
            for change in &changes.all {
                let latest = change.latest();
                let class = if scheme == "all" {
                    "all"
                } else {
                    latest.class(scheme)
                };
                let moved = classes
                    .entry(class)
                    .or_default()
                    .entry(&latest.entity)
                    .or_default();
                moved
                    .now
                    .extend(change.now.map(|model| model.counter(period)));
                moved
                    .before
                    .extend(change.before.map(|model| model.counter(period)));
                if let Some(gained) = change.gained(|model| model.counter(period)) {
                    moved.by_kept += gained;
                    continue;
                }
                let counter = |model: Option<&Model>| model.and_then(|m| m.counter(period));
                let now = counter(change.now).unwrap_or(0);
                let before = counter(change.before).unwrap_or(0);
                if change.is_followed() {
                    moved.entered += now;
                    moved.lost += before;
                } else {
                    moved.lost += before;
                    if change.made_since(changes.before.day) {
                        moved.by_new += now;
                    } else {
                        moved.entered += now;
                    }
                }
            }
            for (class, entities) in &mut classes {
                let now = |moved: &Moved| cut::sum(moved.now.iter().copied());
                let before = |moved: &Moved| cut::sum(moved.before.iter().copied());
                entities.retain(|_, moved| now(moved).max(before(moved)) > Some(0));
                let mut order: Vec<&str> = entities.keys().copied().collect();
                order.sort_by_key(|name| Reverse(now(&entities[name])));
                let mut order_before: Vec<&str> = entities.keys().copied().collect();
                order_before.sort_by_key(|name| Reverse(before(&entities[name])));
                for (rank, name) in order.iter().enumerate() {
                    let moved = &entities[name];
                    let (now, before) = (now(moved), before(moved));
                    let of_both = now.and(before);
                    let gained = of_both.map(|_| moved.by_kept + moved.by_new);
                    let previous = order_before.iter().position(|other| other == name).unwrap();
                    table.push(row![
                        period,
                        scheme,
                        *class,
                        rank + 1,
                        previous + 1,
                        *name,
                        Day(changes.before.day),
                        changes.days(),
                        now,
                        before,
                        gained,
                        of_both.map(|_| moved.by_kept),
                        of_both.map(|_| moved.by_new),
                        now.map(|_| moved.entered),
                        before.map(|_| moved.lost),
                        gained.map(|gained| gained as f64 / changes.days() as f64),
                    ]);
                }
            }
        }
    }
    table.sorted("period scheme size_class rank entity")
}

fn crossovers(momentum: &Table, today: i32) -> Table {
    let mut table = Table::new(
        "crossovers",
        "period scheme size_class rank",
        "period scheme size_class rank entity follower downloads follower_downloads gap gained_per_day
         follower_gained_per_day days crossover_date",
    );
    for leader in momentum.records() {
        let stands = |column: &str| leader.get(column);
        let follows = |other: &Record<'_>| {
            let together = ["period", "scheme", "size_class"];
            together
                .iter()
                .all(|column| other.get(column) == stands(column))
                && other.int("rank") == leader.int("rank") + 1
        };
        let Some(follower) = momentum.records().find(follows) else {
            continue;
        };
        if leader.text("size_class") == "unknown" || leader.int("rank") > 200 {
            continue;
        }
        if leader.maybe_int("gained").is_none() || follower.maybe_int("gained").is_none() {
            continue;
        }
        // Gains are of so many days, and a day is that part of them.
        let closing = follower.int("gained") - leader.int("gained");
        let gap = leader.int("downloads") - follower.int("downloads");
        if closing <= 0 {
            continue;
        }
        // Whole days, rounded up; who is level passes on the next.
        let days = (gap * leader.int("days") + closing - 1) / closing;
        let days = days.max(1);
        // On that day the follower is no less than nothing.
        let then = i128::from(follower.int("downloads")) * i128::from(leader.int("days"))
            + i128::from(follower.int("gained")) * i128::from(days);
        if days > 3650 || then < 0 {
            continue;
        }
        table.push(row![
            leader.text("period"),
            leader.text("scheme"),
            leader.text("size_class"),
            leader.int("rank"),
            leader.text("entity"),
            follower.text("entity"),
            leader.int("downloads"),
            follower.int("downloads"),
            gap,
            leader.maybe_float("gained_per_day"),
            follower.maybe_float("gained_per_day"),
            days,
            Day(today + i32::try_from(days).unwrap()),
        ]);
    }
    table.sorted("period scheme size_class rank")
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

/// A breakdown beside that of the snapshot before; `within` are the columns
/// within which its parts have their places.
fn breakdown_changes(
    changes: &Changes<'_>,
    name: &str,
    within: &str,
    part: &str,
    breakdown: fn(&Snapshot) -> Table,
) -> Table {
    let key = format!("{within} {part}");
    let mut table = Table::new(
        name,
        &key,
        &format!(
            "{key} rank previous_date days previous_rank models models_gained downloads downloads_gained
             downloads_share share_gained"
        ),
    );
    let (before, now) = (breakdown(changes.before), breakdown(changes.now));
    let named = |record: &Record<'_>, columns: &str| -> Vec<String> {
        columns
            .split_whitespace()
            .map(|column| record.text(column))
            .collect()
    };
    let find = |table: &Table, name: &[String]| -> Option<Part> {
        let mut records = table.records();
        records
            .find(|record| named(record, &key) == name)
            .map(|record| Part {
                rank: record.int("rank"),
                models: record.int("models"),
                downloads: record.maybe_int("downloads"),
                share: record.maybe_float("downloads_share"),
            })
    };
    // Periods that both snapshots have; whether the whole has any downloads is
    // the same for all of its parts.
    let periods: Vec<&str> = changes.before.periods();
    let mut names: BTreeSet<Vec<String>> = BTreeSet::new();
    for record in before.records().chain(now.records()) {
        let period = record.text("period");
        if periods.contains(&&*period) && changes.now.periods().contains(&&*period) {
            names.insert(named(&record, &key));
        }
    }
    let has_downloads = |table: &Table, name: &[String]| {
        let mut whole = table
            .records()
            .filter(|record| named(record, "universe period") == name[..2]);
        whole.any(|record| record.maybe_int("downloads") > Some(0))
    };
    let place = |name: &Vec<String>| {
        let now = find(&now, name);
        (
            now.is_none(),
            Reverse(now.and_then(|part| part.downloads)),
            name.clone(),
        )
    };
    for name in &names {
        let inside = within.split_whitespace().count();
        let same = names
            .iter()
            .filter(|other| other[..inside] == name[..inside]);
        let ahead = same.filter(|other| place(other) < place(name)).count();
        let (past, present) = (find(&before, name), find(&now, name));
        let counted = has_downloads(&now, name);
        let counted_before = has_downloads(&before, name);
        // Who is not there has no models, and so no downloads and no share.
        let (old, new) = (past.clone().unwrap_or(ABSENT), present.unwrap_or(ABSENT));
        let (was, is) = (
            old.share.filter(|_| counted_before),
            new.share.filter(|_| counted),
        );
        let mut row: Row = name.iter().map(|text| text.into()).collect();
        row.extend(row![
            ahead + 1,
            Day(changes.before.day),
            changes.days(),
            past.map(|part| part.rank),
            new.models,
            new.models - old.models,
            new.downloads,
            new.downloads.and_then(|new| Some(new - old.downloads?)),
            is,
            is.and_then(|is| Some(is - was?)),
        ]);
        table.push(row);
    }
    table.sorted(&format!("{within} rank {part}"))
}

/// What a breakdown says of one of its parts.
#[derive(Clone)]
struct Part {
    rank: i64,
    models: i64,
    downloads: Option<i64>,
    share: Option<f64>,
}

const ABSENT: Part = Part {
    rank: 0,
    models: 0,
    downloads: Some(0),
    share: Some(0.0),
};
