//! Every published table against a plain and slow reading of what its
//! contract says it is: loops over the models of small made-up snapshots.
//!
//! Nothing here knows the queries. What the two share is what the models are
//! read as, `enrich.models` and the tables beside it, of which the owners, the
//! numbers of parameters, the languages, the base models, the tasks and the
//! families are computed here too.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod accounts;
mod across;
mod breakdowns;
mod carriers;
mod cases;
mod cut;
mod dates;
mod doubts;
mod families;
mod forms;
mod grows;
mod kin;
mod kinship;
mod lake;
mod languages;
mod large;
mod lineage;
mod mixtures;
mod momentum;
mod names;
mod origins;
mod parameters;
mod parents;
mod popular;
mod properties;
mod read;
mod reference;
mod rows;
mod series;
mod snapshot;
mod tasks;
mod what;
mod who;
mod windows;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use crate::lake::{DATES, Lake};
use crate::rows::{Record, Table};
use crate::snapshot::Snapshot;

/// Tables that others are asked of, and that nobody is to read.
const HELPERS: [&str; 20] = [
    "account_cells",
    "account_measures",
    "account_origins",
    "carrier_cells",
    "carrier_places",
    "cells",
    "change_cells",
    "change_parts",
    "created_cells",
    "download_counts",
    "entity_measures",
    "family_cells",
    "gains_over_30_days",
    "gains_over_365_days",
    "gains_over_7_days",
    "gains_over_90_days",
    "kind_entities",
    "kind_totals",
    "maker_measures",
    "models_snapshot",
];

/// Tables that are compared with what DuckDB makes of real snapshots alone.
const OF_REAL_SNAPSHOTS: [&str; 8] = [
    "engagement_summary",
    "language_matrix",
    "model_leaders",
    "openness",
    "relations_by_entity",
    "release_calendar",
    "tags",
    "uncounted",
];
/// Tables of the kinds beyond models, of which no world here has any.
const BEYOND_MODELS: [&str; 8] = [
    "account_facts",
    "dataset_entities",
    "datasets_by_task",
    "papers_by_entity",
    "spaces_by_sdk",
    "top_datasets",
    "top_papers",
    "top_spaces",
];

/// Tables of one snapshot.
fn of_one(snapshot: &Snapshot) -> Vec<Table> {
    let modules = [
        who::tables,
        what::tables,
        large::tables,
        popular::tables,
        grows::tables,
        lineage::tables,
        kinship::tables,
        carriers::tables,
    ];
    modules.iter().flat_map(|tables| tables(snapshot)).collect()
}

/// Tables of several snapshots, for the last of them.
fn of_all(snapshots: &[Snapshot]) -> Vec<Table> {
    let modules = [across::tables, series::tables, windows::tables];
    let tables = modules.iter().flat_map(|tables| tables(snapshots));
    tables.collect()
}

/// Expects what was made for a date to be what is expected.
#[track_caller]
fn same(lake: &Lake, day: i32, expected: &[Table]) {
    let date = dates::text(day);
    let mut found = Vec::new();
    for table in expected {
        match lake.table(&format!("aggregate.{}", table.name), &date) {
            Some(made) => found.extend(table.differences(made)),
            None => found.push(format!("{} was not made", table.name)),
        }
    }
    assert!(found.is_empty(), "{date}\n{}", found.join("\n"));
}

/// Compares tables of the last date, none of which may be empty.
#[track_caller]
fn compare(lake: &Lake, tables: impl Fn(&Snapshot) -> Vec<Table>) {
    let expected = tables(lake.last());
    for table in &expected {
        assert!(!table.rows.is_empty(), "{} is empty", table.name);
    }
    same(lake, lake.last().day, &expected);
}

/// Compares tables across snapshots on every date: on the first there is
/// nothing to compare with, and no table of changes; on the last there is.
#[track_caller]
fn compare_across(lake: &Lake) {
    for until in 1..=lake.snapshots.len() {
        let snapshots = &lake.snapshots[..until];
        let expected = of_all(snapshots);
        for table in &expected {
            let some = until == lake.snapshots.len() || (until == 1 && table.name == "engagement");
            assert!(!some || !table.rows.is_empty(), "{} is empty", table.name);
        }
        let day = snapshots[until - 1].day;
        let mut made = lake.names("aggregate", &dates::text(day));
        made.retain(|name| lake::ACROSS.contains(name));
        let names: BTreeSet<&str> = expected.iter().map(|table| &*table.name).collect();
        assert_eq!(made.into_iter().collect::<BTreeSet<&str>>(), names);
        same(lake, day, &expected);
    }
}

/// Compares owners, numbers of parameters, languages, base models, tasks and
/// families on every date.
#[track_caller]
fn compare_inputs(lake: &Lake) {
    for snapshot in &lake.snapshots {
        let date = dates::text(snapshot.day);
        let mut enriched = parameters::tables(snapshot);
        enriched.push(mixtures::table(snapshot));
        enriched.push(languages::table(snapshot));
        enriched.extend(parents::tables(snapshot));
        enriched.push(tasks::table(snapshot));
        enriched.extend(families::tables(snapshot));
        enriched.push(origins::table(snapshot));
        let mut found = Vec::new();
        for (stage, tables) in [
            ("normalize", accounts::tables(snapshot)),
            ("enrich", enriched),
        ] {
            for table in tables {
                assert!(!table.rows.is_empty(), "{} is empty", table.name);
                let made = lake.table(&format!("{stage}.{}", table.name), &date);
                found.extend(table.differences(&made.unwrap().only(&table.columns)));
            }
        }
        assert!(found.is_empty(), "{date}\n{}", found.join("\n"));
    }
}

/// Expects the models that were made to be doubted to be so, each in its way.
#[track_caller]
fn doubts_occur(snapshot: &Snapshot) {
    let mut found = Vec::new();
    for (id, source) in doubts::sources() {
        let made = &snapshot.model(&id).unwrap().parameters_source;
        if *made != source {
            found.push(format!("{id}: made {made}, expected {source}"));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Expects the models that were made to speak and to be owned in some way to
/// be so.
#[track_caller]
fn cases_occur(snapshot: &Snapshot) {
    let mut found = Vec::new();
    for (id, languages) in cases::languages() {
        let model = snapshot.model(&id).unwrap();
        let made: Vec<&str> = model.spoken().into_iter().collect();
        if made != languages {
            found.push(format!("{id}: speaks {made:?}, expected {languages:?}"));
        }
    }
    for (id, entity) in cases::entities() {
        let made = &snapshot.model(&id).unwrap().entity;
        if *made != entity {
            found.push(format!("{id}: is of {made}, expected {entity}"));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Expects the models that were made to be something to be that.
#[track_caller]
fn kin_occur(lake: &Lake) {
    let rows_of = |table: &str| {
        let records = lake.table(table, DATES[0]).unwrap().records();
        let by_id = records.map(|row| (row.text("id"), row));
        by_id.collect::<BTreeMap<_, _>>()
    };
    let (models, families) = (rows_of("enrich.models"), rows_of("enrich.model_families"));
    let of_families = ["family", "maker", "family_source", "architecture"];
    let mut found = Vec::new();
    for (id, columns) in kin::expected() {
        for (column, expected) in columns {
            let rows = if of_families.contains(&&*column) {
                &families
            } else {
                &models
            };
            let made = rows.get(&id).and_then(|row| row.maybe_text(&column));
            if made != expected {
                found.push(format!("{id}: {column} is {made:?}, expected {expected:?}"));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Every table but those that are learned, those across snapshots on all
/// dates. (One test, for the others would only wait for its lake.)
#[test]
fn a_nasty_hub() {
    let lake = lake::nasty();
    let published: BTreeSet<&str> = lake.published.iter().map(String::as_str).collect();
    let expected = [of_one(lake.last()), of_all(&lake.snapshots)].concat();
    let compared = expected.iter().map(|table| table.name.as_str());
    assert_eq!(
        published,
        compared
            .chain(HELPERS)
            .chain(BEYOND_MODELS)
            .chain(OF_REAL_SNAPSHOTS)
            .collect()
    );
    compare_inputs(lake);
    doubts_occur(&lake.snapshots[0]);
    cases_occur(&lake.snapshots[0]);
    kin_occur(lake);
    compare(lake, of_one);
    compare_across(lake);
    for status in ["kept", "new", "gone", "renamed", "recreated"] {
        occurs(lake, "snapshot_changes", "status", status);
    }
    occurs(lake, "snapshot_changes", "is_regression", "true");
    for window in ["7", "30"] {
        occurs(lake, "gains", "window_days", window);
    }
    occurs(lake, "windows", "days", "null");
    occurs(lake, "momentum", "unit", "account");
    occurs(lake, "crossovers", "unit", "account");
    occurs(lake, "derivatives", "in_snapshot", "false");
    occurs(lake, "derivatives", "entity", "SEVERAL");
    occurs(lake, "languages", "language", "multilingual");
    occurs(lake, "languages", "macrolanguage", "zh");
    occurs(lake, "entity_derivatives", "entity", "unknown");
    let derivatives = lake.table("aggregate.derivatives", DATES[2]).unwrap();
    let on_cycles = derivatives
        .records()
        .filter(|base| base.maybe_text("cycle").is_some());
    // A cycle has at least two models.
    assert!(on_cycles.count() >= 2);
    occurs(lake, "geography", "attribution", "origin");
    occurs(lake, "family_derivatives", "relation", "merge");
    let origins = lake.table("enrich.model_origins", DATES[2]).unwrap();
    let missing = |row: &Record<'_>| row.maybe_bool("origin_in_snapshot") == Some(false);
    assert!(origins.records().any(|row| missing(&row)));
    // What names a parent and is its own origin is where a ring was cut.
    let is_own = |row: &Record<'_>| row.int("generations") == 0;
    let own = origins.records().filter(is_own).map(|row| row.text("id"));
    let own: BTreeSet<String> = own.collect();
    let mut models = lake.last().models.iter();
    assert!(models.any(|model| !model.parents.is_empty() && own.contains(&model.id)));
}

/// Expects a table of the last date to have a value: it is no test without.
#[track_caller]
fn occurs(lake: &Lake, table: &str, column: &str, value: &str) {
    let made = lake.table(&format!("aggregate.{table}"), &dates::text(lake.last().day));
    let found = made
        .unwrap()
        .records()
        .any(|row| row.get(column).to_string() == value);
    assert!(found, "no {value} in {column} of {table}");
}

/// Compares all tables of the last date that the lake has.
#[track_caller]
fn compare_made(lake: &Lake) {
    let date = dates::text(lake.last().day);
    let made: BTreeSet<&str> = lake.names("aggregate", &date).into_iter().collect();
    let mut expected = [of_one(lake.last()), of_all(&lake.snapshots)].concat();
    expected.retain(|table| made.contains(&*table.name));
    assert!(expected.len() > 5, "{made:?}");
    for table in &expected {
        assert!(!table.rows.is_empty(), "{} is empty", table.name);
    }
    same(lake, lake.last().day, &expected);
}

#[test]
fn a_source_with_tombstones_and_without_identities() {
    let lake = lake::tombstones();
    compare_inputs(lake);
    let models = lake.last().models.iter();
    let stated = models.filter(|model| model.parameters_source == "stated");
    assert!(stated.count() > 10);
    compare_made(lake);
    occurs(lake, "snapshot_changes", "tombstone", "true");
    occurs(lake, "snapshot_changes", "status", "new");
    for until in 1..lake.snapshots.len() {
        let snapshots = &lake.snapshots[..until];
        let mut expected = of_all(snapshots);
        let date = dates::text(snapshots[until - 1].day);
        let made = lake.names("aggregate", &date);
        expected.retain(|table| made.contains(&&*table.name));
        // Nothing is told of the first as change.
        assert_eq!(expected.len(), if until == 1 { 2 } else { 3 }, "{made:?}");
        same(lake, snapshots[until - 1].day, &expected);
    }
}

#[test]
fn a_generated_hub() {
    let lake = lake::generated();
    compare_inputs(lake);
    compare_made(lake);
}

/// What a part of the Hub and the whole of it have in common is no change; two
/// sources of the whole can be compared.
#[test]
fn snapshots_of_several_sources() {
    let lake = lake::of_several_sources();
    for (number, snapshot) in lake.snapshots.iter().enumerate() {
        let date = dates::text(snapshot.day);
        let made = lake.names("aggregate", &date);
        let mut expected = of_all(&lake.snapshots[..=number]);
        expected.retain(|table| made.contains(&&*table.name));
        expected.push(who::totals(snapshot));
        let names: Vec<&str> = expected.iter().map(|table| &*table.name).collect();
        let of_changes = names.contains(&"snapshot_changes");
        assert_eq!(of_changes, number == 2, "{date}: {names:?}");
        same(&lake, snapshot.day, &expected);
    }
    let said: Vec<(&str, &str, Option<i32>)> = lake
        .snapshots
        .iter()
        .map(|snapshot| {
            (
                &*snapshot.source,
                &*snapshot.coverage,
                snapshot.counters_day,
            )
        })
        .collect();
    let yesterday = lake.last().day - 1;
    assert_eq!(
        said,
        [
            ("radar", "sample", None),
            ("hub-api", "census", None),
            ("hub-stats", "census", Some(yesterday)),
        ]
    );
    let reason =
        "it is a census from hub-api and the one before it, of 2026-08-01, a sample from radar";
    let snapshots = lake.table("aggregate.snapshots", DATES[1]).unwrap();
    let snapshot = snapshots.records().next().unwrap();
    assert_eq!(snapshot.text("not_comparable_because"), reason);
    assert!(
        snapshot
            .texts("lost_columns")
            .contains(&"stated_parameters".to_owned())
    );
}
