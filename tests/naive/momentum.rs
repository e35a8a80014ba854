//! Who gains, and who passes whom if that goes on.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::across::Changes;
use crate::cut;
use crate::rows::{Day, Record, Table, row};
use crate::snapshot::Model;

const UNITS: [&str; 2] = ["entity", "account"];
const SCHEMES: [&str; 3] = ["all", "fine", "coarse"];

/// The numbers of an entity or account, as a whole or in a size class.
#[derive(Default)]
struct Moved<'m> {
    /// Entity, kind and country, and whether a model that is there says so.
    who: [&'m str; 3],
    is_there: bool,
    /// Of each of its models that stand there.
    now: Vec<Option<i64>>,
    before: Vec<Option<i64>>,
    by_kept: i64,
    by_new: i64,
    entered: i64,
    lost: i64,
    /// Of its models that are followed, and have the counter on both days.
    moved: usize,
    still: usize,
}

impl<'m> Moved<'m> {
    /// Of those that are there, else of those that were, the first by name.
    fn is_of(&mut self, model: &'m Model, is_there: bool) {
        let who = [&*model.entity, &*model.entity_type, &*model.country];
        if self.who[0].is_empty() || (is_there && !self.is_there) {
            self.who = who;
            self.is_there = is_there;
        } else if is_there == self.is_there {
            for (own, other) in self.who.iter_mut().zip(who) {
                *own = other.min(*own);
            }
        }
    }

    fn downloads(&self) -> Option<i64> {
        cut::sum(self.now.iter().copied())
    }

    fn downloads_before(&self) -> Option<i64> {
        cut::sum(self.before.iter().copied())
    }

    /// What it had before, as if what entered had been there.
    fn before_with_entered(&self) -> Option<i64> {
        Some(self.downloads_before()? + self.entered)
    }
}

pub(crate) fn momentum<'m>(changes: &'m Changes<'m>) -> Table {
    let mut table = Table::new(
        "momentum",
        "period unit scheme size_class name",
        "period unit scheme size_class rank previous_rank name entity entity_type country previous_date days downloads
         previous_downloads gained gained_by_kept gained_by_new entered lost_with_gone gained_per_day moved_counters
         still_counters",
    );
    let before = changes.before.periods();
    for period in changes.now.periods() {
        if !before.contains(&period) {
            continue;
        }
        for (unit, scheme) in UNITS.iter().flat_map(|u| SCHEMES.map(|s| (*u, s))) {
            let name = |model: &'m Model| match unit {
                "account" => &*model.account,
                _ => &*model.entity,
            };
            let mut classes: BTreeMap<&str, BTreeMap<&str, Moved<'_>>> = BTreeMap::new();
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
                    .entry(name(latest))
                    .or_default();
                moved.is_of(latest, change.now.is_some());
                moved
                    .now
                    .extend(change.now.map(|model| model.counter(period)));
                moved
                    .before
                    .extend(change.before.map(|model| model.counter(period)));
                if let Some(gained) = change.gained(|model| model.counter(period)) {
                    moved.by_kept += gained;
                    moved.moved += usize::from(gained != 0);
                    moved.still += usize::from(gained == 0);
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
                entities
                    .retain(|_, moved| moved.downloads().max(moved.downloads_before()) > Some(0));
                // The sorts are stable, and the entities come by name.
                let mut order: Vec<&str> = entities.keys().copied().collect();
                let mut order_before = order.clone();
                order.sort_by_key(|name| Reverse(entities[name].downloads()));
                order_before.sort_by_key(|name| Reverse(entities[name].before_with_entered()));
                for (rank, name) in order.iter().enumerate() {
                    let moved = &entities[name];
                    let (now, before) = (moved.downloads(), moved.downloads_before());
                    let of_both = now.and(before);
                    let gained = of_both.map(|_| moved.by_kept + moved.by_new);
                    let previous = order_before.iter().position(|other| other == name).unwrap();
                    table.push(row![
                        period,
                        unit,
                        scheme,
                        *class,
                        rank + 1,
                        previous + 1,
                        *name,
                        moved.who[0],
                        moved.who[1],
                        moved.who[2],
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
                        moved.moved,
                        moved.still,
                    ]);
                }
            }
        }
    }
    table.sorted("period unit scheme size_class rank name")
}

pub(crate) fn crossovers(momentum: &Table, today: i32) -> Table {
    let mut table = Table::new(
        "crossovers",
        "period unit scheme size_class rank",
        "period unit scheme size_class rank leader leader_entity follower follower_entity downloads follower_downloads gap
         observed_days gained_per_day follower_gained_per_day days crossover_date",
    );
    for leader in momentum.records() {
        let stands = |column: &str| leader.get(column);
        let follows = |other: &Record<'_>| {
            let together = ["period", "unit", "scheme", "size_class"];
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
            leader.text("unit"),
            leader.text("scheme"),
            leader.text("size_class"),
            leader.int("rank"),
            leader.text("name"),
            leader.text("entity"),
            follower.text("name"),
            follower.text("entity"),
            leader.int("downloads"),
            follower.int("downloads"),
            gap,
            leader.int("days"),
            leader.maybe_float("gained_per_day"),
            follower.maybe_float("gained_per_day"),
            days,
            Day(today + i32::try_from(days).unwrap()),
        ]);
    }
    table.sorted("period unit scheme size_class rank")
}
