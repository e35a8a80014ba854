//! Breakdowns of two snapshots beside each other.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::across::Changes;
use crate::rows::{Day, Record, Row, Table, row};
use crate::snapshot::Snapshot;

/// A breakdown beside that of the snapshot before; `within` are the columns
/// within which its parts have their places.
pub(crate) fn changes_of(
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
    // Periods and attributions that both snapshots have; whether the whole has
    // any downloads is the same for all of its parts.
    let wholes = |table: &Table| -> BTreeSet<Vec<String>> {
        let records = table.records();
        records.map(|record| named(&record, "period attribution")).collect()
    };
    let (old, new) = (wholes(&before), wholes(&now));
    let mut names: BTreeSet<Vec<String>> = BTreeSet::new();
    for record in before.records().chain(now.records()) {
        let whole = named(&record, "period attribution");
        if old.contains(&whole) && new.contains(&whole) {
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
