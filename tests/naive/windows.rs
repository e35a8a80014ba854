//! What was gained over windows of days, and what lasted.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::across::{Change, Changes, about_as_many, of_the_same};
use crate::cut;
use crate::dates;
use crate::momentum::{crossovers, momentum};
use crate::origins::attributions;
use crate::popular;
use crate::rows::{Day, Row, Table, row};
use crate::snapshot::{Model, Snapshot};

/// Days of a minimal distance.
const AT_LEAST: i32 = 7;
const WINDOWS: [i32; 6] = [7, 30, 90, 91, 182, 365];

/// The tables of the last of these snapshots that look back over days.
pub(crate) fn tables(snapshots: &[Snapshot]) -> Vec<Table> {
    let (now, earlier) = snapshots.split_last().unwrap();
    let mut tables = Vec::new();
    if let Some(before) = at_least(earlier, now).filter(|before| about_as_many(before, now)) {
        let momentum = momentum(&Changes::between(before, now));
        if !momentum.rows.is_empty() {
            tables.push(crossovers(&momentum, now.day));
            tables.push(momentum);
        }
    }
    if WINDOWS
        .iter()
        .any(|days| nearest(earlier, now, *days).is_some())
    {
        tables.push(windows(earlier, now));
        let of_days = [gains(earlier, now), rank_persistence(earlier, now)];
        tables.extend(of_days.into_iter().filter(|table| !table.rows.is_empty()));
    }
    tables
}

fn at_least<'a>(earlier: &'a [Snapshot], now: &Snapshot) -> Option<&'a Snapshot> {
    // The latest that is old enough.
    let mut old = earlier.iter().rev();
    old.find(|before| now.day - before.day >= AT_LEAST && of_the_same(before, now))
}

/// The snapshot of a window; those that are as near are tried from the oldest.
fn nearest<'a>(earlier: &'a [Snapshot], now: &Snapshot, days: i32) -> Option<&'a Snapshot> {
    let mut best: Option<&Snapshot> = None;
    for before in earlier {
        let distance = now.day - before.day;
        if distance * 2 < days || distance > days * 2 || !of_the_same(before, now) {
            continue;
        }
        let off = |other: &Snapshot| (now.day - other.day - days).abs();
        if best.is_none_or(|best| off(before) < off(best)) {
            best = Some(before);
        }
    }
    best
}

fn windows(earlier: &[Snapshot], now: &Snapshot) -> Table {
    let mut table = Table::new(
        "windows",
        "window_days",
        "window_days previous_date days models previous_models comparable_predecessor not_comparable_because",
    );
    for days in WINDOWS {
        let before = nearest(earlier, now, days);
        let compared = before.filter(|before| about_as_many(before, now));
        let why = match (before, compared) {
            (_, Some(_)) => None,
            (None, _) => Some(format!(
                "no comparable snapshot is {} to {} days older",
                days.div_euclid(2) + days % 2,
                days * 2
            )),
            (Some(before), None) => Some(format!(
                "it has {} models and that of {} {}",
                now.models.len(),
                dates::text(before.day),
                before.models.len()
            )),
        };
        table.push(row![
            i64::from(days),
            before.map(|before| Day(before.day)),
            before.map(|before| i64::from(now.day - before.day)),
            now.models.len(),
            before.map(|before| before.models.len()),
            compared.map(|before| Day(before.day)),
            why,
        ]);
    }
    table
}

/// What is said of one value of a dimension.
#[derive(Default)]
struct Sum {
    now: Vec<Option<i64>>,
    before: Vec<Option<i64>>,
    new: usize,
    came: usize,
    gone: usize,
    by_kept: i64,
    by_new: i64,
    entered: i64,
    lost: i64,
    moved: usize,
    still: usize,
    fell: usize,
    fallen: i64,
}

impl Sum {
    fn add(&mut self, change: &Change<'_>, since: i32) {
        let all_time = |model: &Model| model.downloads_all_time;
        let (now, before) = (change.now.map(all_time), change.before.map(all_time));
        self.now.extend(now);
        self.before.extend(before);
        let (had, has) = (before.flatten().unwrap_or(0), now.flatten().unwrap_or(0));
        if let Some(gained) = change.gained(all_time) {
            self.by_kept += gained;
            self.moved += usize::from(gained != 0);
            self.still += usize::from(gained == 0);
            self.fell += usize::from(gained < 0);
            self.fallen += -gained.min(0);
            return;
        }
        self.lost += had;
        if change.made_since(since) {
            self.by_new += has;
        } else {
            self.entered += has;
        }
        if !change.is_followed() {
            self.gone += usize::from(change.before.is_some());
            let made = change.made_since(since);
            self.new += usize::from(made);
            self.came += usize::from(change.now.is_some() && !made);
        }
    }

    /// What it gained, where both days are known.
    fn gained(&self) -> Option<i64> {
        let of_both = cut::sum(self.now.iter().copied()).and(cut::sum(self.before.iter().copied()));
        of_both.map(|_| self.by_kept + self.by_new)
    }
}

fn gains(earlier: &[Snapshot], now: &Snapshot) -> Table {
    let mut table = Table::new(
        "gains",
        "window_days universe attribution dimension value",
        "window_days universe attribution dimension rank value previous_date days models previous_models new_models
         entered_models gone_models downloads previous_downloads gained gained_share gained_by_kept gained_by_new
         entered lost_with_gone moved_counters still_counters fell_counters fallen",
    );
    let cuts = now.cuts();
    let top = cuts
        .iter()
        .find(|cut| (cut.universe, cut.period) == ("top50", "all_time"));
    let top = top.into_iter().flat_map(|cut| &cut.models);
    let top: BTreeSet<&str> = top.map(|counted| &*counted.model.entity).collect();
    for days in [7, 30, 90, 365] {
        let found = nearest(earlier, now, days).filter(|before| about_as_many(before, now));
        let Some(before) = found else { continue };
        if ![before, now]
            .iter()
            .all(|one| one.periods().contains(&"all_time"))
        {
            continue;
        }
        let changes = Changes::between(before, now);
        let ways_before = attributions(before);
        let mut ways = attributions(now);
        ways.sort_by_key(|way| way.name);
        for (universe, way) in ["all", "top50"]
            .into_iter()
            .flat_map(|u| ways.iter().map(move |w| (u, w)))
        {
            // What names no parents was made by whom it is published.
            let way_before = ways_before.iter().find(|before| before.name == way.name);
            let way_before = way_before.unwrap_or(&ways_before[0]);
            let mut dimensions: BTreeMap<&str, BTreeMap<&str, Sum>> = BTreeMap::new();
            for change in &changes.all {
                let latest = change.latest();
                if universe == "top50" && !top.contains(&*latest.entity) {
                    continue;
                }
                let maker = match change.now {
                    Some(model) => way.of(model),
                    None => way_before.of(latest),
                };
                let mut values = vec![
                    ("country", maker.place("country")),
                    ("continent", maker.place("continent")),
                    ("eu", maker.place("eu")),
                    ("entity_type", &*maker.entity_type),
                    ("entity", &*maker.entity),
                ];
                if way.name == "publisher" {
                    values.extend([
                        ("family", latest.family.as_deref().unwrap_or("unknown")),
                        ("size_class", &*latest.size_class),
                        ("modality", &*latest.modality),
                        ("task", &*latest.task),
                    ]);
                }
                for (dimension, value) in values {
                    let sums = dimensions.entry(dimension).or_default();
                    sums.entry(value).or_default().add(change, before.day);
                }
            }
            for (dimension, sums) in dimensions {
                for (rank, value, rest) in of_dimension(sums) {
                    let mut row: Row = row![
                        i64::from(days),
                        universe,
                        way.name,
                        dimension,
                        rank,
                        value,
                        Day(before.day),
                        changes.days(),
                    ];
                    row.extend(rest);
                    table.push(row);
                }
            }
        }
    }
    table
}

fn of_dimension(sums: BTreeMap<&str, Sum>) -> Vec<(usize, &str, Row)> {
    let whole: i64 = sums.values().filter_map(Sum::gained).sum();
    // The sort is stable, and the values come by name. Nothing is less than any gain.
    let mut order: Vec<(&str, Sum)> = sums.into_iter().collect();
    order.sort_by_key(|(_, sum)| Reverse(sum.gained()));
    let places = order.into_iter().enumerate();
    let rows = places.map(|(ahead, (value, sum))| {
        let now = cut::sum(sum.now.iter().copied());
        let before = cut::sum(sum.before.iter().copied());
        let gained = sum.gained();
        let share = gained
            .filter(|_| whole > 0)
            .map(|gained| gained as f64 / whole as f64);
        let rest = row![
            sum.now.len(),
            sum.before.len(),
            sum.new,
            sum.came,
            sum.gone,
            now,
            before,
            gained,
            share,
            gained.map(|_| sum.by_kept),
            gained.map(|_| sum.by_new),
            now.map(|_| sum.entered),
            before.map(|_| sum.lost),
            sum.moved,
            sum.still,
            sum.fell,
            sum.fallen,
        ];
        (ahead + 1, value, rest)
    });
    rows.collect()
}

fn rank_persistence(earlier: &[Snapshot], now: &Snapshot) -> Table {
    let mut table = Table::new(
        "rank_persistence",
        "ranking first months",
        "ranking first months window_days previous_date days previous_ranked ranked still_ranked still_ranked_share
         gone previous_leader rank_of_previous_leader leader",
    );
    let lists = |snapshot: &Snapshot| {
        let mut lists: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for row in popular::top_models(snapshot).records() {
            lists
                .entry(row.text("ranking"))
                .or_default()
                .push(row.text("id"));
        }
        lists
    };
    let lists_now = lists(now);
    for (months, days) in [(1, 30), (3, 91), (6, 182), (12, 365)] {
        let found = nearest(earlier, now, days).filter(|before| about_as_many(before, now));
        let Some(before) = found else { continue };
        for (ranking, whole) in lists(before) {
            let Some(whole_now) = lists_now.get(&ranking) else {
                continue;
            };
            for first in [10, 100, 1000] {
                let past = &whole[..whole.len().min(first)];
                let present = &whole_now[..whole_now.len().min(first)];
                let still = past.iter().filter(|id| present.contains(id)).count();
                let place = whole_now.iter().position(|id| *id == past[0]);
                table.push(row![
                    &*ranking,
                    first,
                    i64::from(months),
                    i64::from(days),
                    Day(before.day),
                    i64::from(now.day - before.day),
                    past.len(),
                    present.len(),
                    still,
                    still as f64 / past.len() as f64,
                    past.iter().filter(|id| now.model(id).is_none()).count(),
                    &past[0],
                    place.map(|ahead| ahead + 1),
                    &present[0],
                ]);
            }
        }
    }
    table.sorted("ranking first months")
}
