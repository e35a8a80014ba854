//! Which earlier snapshots a window of days reads, and why there is none.

use std::cmp::Reverse;

use hubcensus_lake::{CoverageFacts, Manifest};
use hubcensus_spec::{History, PartitionId, SnapshotDate, TableName};

use crate::plan::lake_state::LakeState;

/// The coverage of which all snapshots are alike, whatever source they are from.
const CENSUS: &str = "census";

/// A range of distances before a date, and the one that is aimed at.
#[derive(Debug, Clone, Copy)]
struct Range {
    days: i64,
    /// Twice the least distance.
    twice_least: i64,
    most: i64,
}

impl Range {
    /// Of a window of a history; none if that has no windows.
    fn of(history: &History, days: u32) -> Option<Self> {
        let days = i64::from(days);
        match history {
            History::Days(_) => Some(Self {
                days,
                twice_least: days,
                most: 2 * days,
            }),
            History::AtLeast(_) => Some(Self {
                days,
                twice_least: 2 * days,
                most: i64::MAX,
            }),
            History::Previous | History::All | History::Last(_) => None,
        }
    }

    fn contains(self, distance: i64) -> bool {
        distance >= 1 && 2 * distance >= self.twice_least && distance <= self.most
    }

    /// How far a distance is from what is aimed at: of two as far, the older snapshot is nearer.
    fn farness(self, distance: i64) -> (i64, Reverse<i64>) {
        ((distance - self.days).abs(), Reverse(distance))
    }

    fn in_words(self) -> String {
        // The least whole number that is not less than half.
        let least = (self.twice_least + 1) / 2;
        match (least, self.most) {
            (least, i64::MAX) => format!("{least} days or more before"),
            (least, most) => format!("{least} to {most} days before"),
        }
    }
}

fn distance(date: SnapshotDate, earlier: SnapshotDate) -> i64 {
    i64::from(date.days_since_epoch()) - i64::from(earlier.days_since_epoch())
}

/// Whether the data of two partitions is of the same kind: both a census, or of the same source.
fn is_alike(one: &Manifest, other: &Manifest) -> bool {
    match (&one.facts.coverage, &other.facts.coverage) {
        (Some(one), Some(other)) => {
            one.source == other.source || (one.kind == CENSUS && other.kind == CENSUS)
        }
        (None, None) => true,
        _ => false,
    }
}

impl LakeState {
    /// The snapshot that a window of `history` reads of `table`: of those that are comparable with
    /// the one of `date` and within the range, the nearest.
    pub(crate) fn in_window(
        &self,
        table: &TableName,
        date: SnapshotDate,
        history: &History,
        days: u32,
    ) -> Option<&Manifest> {
        let range = Range::of(history, days)?;
        let own = self.readable(&PartitionId::new(table.clone(), date))?;
        self.within(table, date, range)
            .filter(|manifest| is_alike(own, manifest))
            .min_by_key(|manifest| range.farness(distance(date, manifest.id.date)))
    }

    /// The snapshots of a table within a range before a date, the oldest first.
    fn within(
        &self,
        table: &TableName,
        date: SnapshotDate,
        range: Range,
    ) -> impl Iterator<Item = &Manifest> {
        self.dates(table)
            .filter(move |earlier| range.contains(distance(date, *earlier)))
            .filter_map(|earlier| self.readable(&PartitionId::new(table.clone(), earlier)))
    }

    /// Whether a window would read the snapshot of `other`, were it there and comparable.
    pub(crate) fn would_read(
        &self,
        table: &TableName,
        date: SnapshotDate,
        history: &History,
        days: u32,
        other: SnapshotDate,
    ) -> bool {
        let Some(range) = Range::of(history, days) else {
            return false;
        };
        let farness = |earlier| range.farness(distance(date, earlier));
        range.contains(distance(date, other))
            && self
                .in_window(table, date, history, days)
                .is_none_or(|chosen| farness(other) <= farness(chosen.id.date))
    }

    /// Why none of the windows of `history` has a snapshot of `table` to read, if so.
    pub(crate) fn no_window(
        &self,
        table: &TableName,
        date: SnapshotDate,
        history: &History,
    ) -> Option<String> {
        let windows = history.windows();
        if windows.is_empty() {
            return None;
        }
        let Some(own) = self.readable(&PartitionId::new(table.clone(), date)) else {
            return Some(format!("the snapshot has no {table}"));
        };
        let mut reasons = Vec::new();
        for days in windows {
            if self.in_window(table, date, history, *days).is_some() {
                return None;
            }
            let range = Range::of(history, *days)?;
            // All that are within the range are of another kind.
            let nearest = self
                .within(table, date, range)
                .min_by_key(|manifest| range.farness(distance(date, manifest.id.date)));
            let unlike = nearest.map(|manifest| {
                format!(
                    " (that of {} is {}, and this one {})",
                    manifest.id.date,
                    in_words(manifest.facts.coverage.as_ref()),
                    in_words(own.facts.coverage.as_ref()),
                )
            });
            reasons.push(range.in_words() + &unlike.unwrap_or_default());
        }
        Some(format!(
            "there is no comparable snapshot of {table} {}",
            reasons.join(", nor ")
        ))
    }
}

fn in_words(coverage: Option<&CoverageFacts>) -> String {
    coverage.map_or_else(
        || "of no source".to_owned(),
        |coverage| format!("a {} from {}", coverage.kind, coverage.source),
    )
}
