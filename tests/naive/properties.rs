//! What holds of every snapshot, whatever is in it.

use std::collections::BTreeMap;

use crate::dates;
use crate::lake::{self, DATES, Lake, Workplace};
use crate::reference;
use crate::rows::{Record, Table};

const NEEDED: [&str; 14] = [
    "architectures",
    "concentration",
    "download_distribution",
    "entities",
    "entity_types",
    "geography",
    "hub_totals",
    "libraries",
    "licenses",
    "modalities",
    "model_impact",
    "relations",
    "sizes",
    "tasks",
];
/// Breakdowns whose parts do not overlap, and what each adds up within.
const BREAKDOWNS: [(&str, &str); 10] = [
    ("architectures", ""),
    ("entities", ""),
    ("entity_types", "attribution"),
    ("geography", "attribution level"),
    ("libraries", ""),
    ("licenses", ""),
    ("modalities", ""),
    ("relations", "size_class"),
    ("sizes", "scheme"),
    ("tasks", ""),
];

fn table<'a>(lake: &'a Lake, name: &str) -> &'a Table {
    let date = dates::text(lake.last().day);
    let table = lake.table(&format!("aggregate.{name}"), &date).unwrap();
    assert!(!table.rows.is_empty(), "{name} is empty");
    table
}

/// The rows of each whole, by universe, period and what else tells it.
fn wholes<'a>(table: &'a Table, within: &str) -> BTreeMap<String, Vec<Record<'a>>> {
    let mut wholes: BTreeMap<String, Vec<Record<'a>>> = BTreeMap::new();
    for record in table.records() {
        let columns = ["universe", "period"].into_iter();
        let named = columns.chain(within.split_whitespace());
        let values: Vec<String> = named.map(|column| record.get(column).to_string()).collect();
        wholes.entry(values.join(" ")).or_default().push(record);
    }
    wholes
}

#[track_caller]
fn near(one: f64, other: f64, what: &str) {
    assert!((one - other).abs() < 1e-9, "{what}: {one} and {other}");
}

fn parts_add_up(lake: &Lake) {
    let mut totals: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for total in table(lake, "hub_totals").records() {
        let name = format!("{} {}", total.text("universe"), total.text("period"));
        totals.insert(name, (total.int("models"), total.int("downloads")));
    }
    for (name, within) in BREAKDOWNS {
        let mut wholes = wholes(table(lake, name), within);
        // A part of all that is broken down again.
        wholes.retain(|whole, _| !whole.ends_with(" ≥1B"));
        for (whole, parts) in &wholes {
            let what = format!("{name} {whole}");
            let total = whole.split(' ').take(2).collect::<Vec<&str>>().join(" ");
            let (models, downloads) = totals[&total];
            let known = |column: &str| {
                let numbers = parts.iter().filter_map(|part| part.maybe_int(column));
                numbers.sum::<i64>()
            };
            assert_eq!(known("models"), models, "{what}");
            assert_eq!(known("downloads"), downloads, "{what}");
            for part in parts {
                let (number, share) = ("downloads", "downloads_share");
                let known = (part.maybe_int(number), part.maybe_float(share));
                assert_eq!(known.0.is_some(), known.1.is_some(), "{what}: {known:?}");
            }
            let shares = parts
                .iter()
                .filter_map(|part| part.maybe_float("downloads_share"));
            near(shares.sum(), 1.0, &what);
        }
        let per_period = wholes.len() / totals.len();
        assert_eq!(per_period * totals.len(), wholes.len(), "{name}");
    }
}

fn cumulative_shares_rise_to_one(lake: &Lake) {
    for (name, within) in [("entities", ""), ("sizes", "scheme")] {
        for (whole, parts) in wholes(table(lake, name), within) {
            let shares = parts
                .iter()
                .filter_map(|part| part.maybe_float("cumulative_share"));
            let shares: Vec<f64> = shares.collect();
            assert!(shares.is_sorted(), "{name} {whole}: {shares:?}");
            near(*shares.last().unwrap(), 1.0, &format!("{name} {whole}"));
        }
    }
    for (whole, points) in wholes(table(lake, "download_distribution"), "") {
        let shares: Vec<f64> = points
            .iter()
            .map(|point| point.maybe_float("downloads_share").unwrap())
            .collect();
        assert_eq!(shares.len(), 106, "{whole}");
        assert!(shares.is_sorted(), "{whole}: {shares:?}");
        near(shares[0], 0.0, &whole);
        near(shares[shares.len() - 1], 1.0, &whole);
    }
}

fn concentration_is_within_its_bounds(lake: &Lake) {
    for record in table(lake, "concentration").records() {
        let value = |column: &str| record.maybe_float(column).unwrap();
        let n = record.int("units") as f64;
        assert!(value("hhi") >= 1.0 / n - 1e-12, "{} of {n}", value("hhi"));
        assert!(value("hhi") <= 1.0 + 1e-12, "{}", value("hhi"));
        assert!((0.0..1.0).contains(&value("gini")), "{}", value("gini"));
        let first = [1, 10, 50, 100, 200, 1000].map(|k| value(&format!("top{k}_share")));
        assert!(first.is_sorted(), "{first:?}");
        assert!(value("top_0_01_percent_share") <= value("top_1_percent_share"));
        assert!(value("share_without_downloads") <= value("share_under_200_downloads"));
    }
}

fn the_union_is_its_member_states(lake: &Lake) {
    let members = reference::get().member_states(lake.last().day);
    assert_eq!(members.len(), 27);
    let geography = table(lake, "geography");
    for (whole, places) in wholes(geography, "attribution level") {
        let Some(whole) = whole.strip_suffix(" eu") else {
            continue;
        };
        let union = places
            .iter()
            .find(|place| place.text("place") == "EU")
            .unwrap();
        let countries = &wholes(geography, "attribution level")[&format!("{whole} country")];
        for column in ["entities", "models", "downloads"] {
            let states = countries
                .iter()
                .filter(|place| members.contains(&place.text("place")));
            let sum: i64 = states.filter_map(|place| place.maybe_int(column)).sum();
            assert_eq!(union.int(column), sum, "{whole} {column}");
        }
        let alone = places
            .iter()
            .find(|place| members.contains(&place.text("place")));
        assert!(alone.is_none(), "{whole}");
    }
}

fn impact_is_at_least_its_own(lake: &Lake) {
    for model in table(lake, "model_impact").records() {
        let id = model.text("id");
        let counter = |column: &str| model.maybe_int(column);
        let (own, below) = (counter("downloads"), counter("descendants_downloads"));
        let known = own.or(below).map(|_| own.unwrap_or(0) + below.unwrap_or(0));
        assert_eq!(counter("impact"), known, "{id}");
    }
}

fn all_hold(lake: &Lake) {
    parts_add_up(lake);
    cumulative_shares_rise_to_one(lake);
    concentration_is_within_its_bounds(lake);
    the_union_is_its_member_states(lake);
    impact_is_at_least_its_own(lake);
}

#[test]
fn hold_of_a_nasty_hub() {
    all_hold(lake::nasty());
}

#[test]
fn hold_of_a_generated_hub() {
    all_hold(lake::generated());
}

/// Another seed; and measures of concentration do not depend on how large
/// everything is, though what is under a limit does.
#[test]
fn hold_of_another_seed_and_when_all_is_downloaded_more() {
    let one = lake::seeded(3, 1, &NEEDED);
    all_hold(&one);
    let many = lake::seeded(3, 13, &["concentration"]);
    let (one, many) = (table(&one, "concentration"), table(&many, "concentration"));
    assert_eq!(one.rows.len(), many.rows.len());
    for (one, many) in one.records().zip(many.records()) {
        assert_eq!(one.int("downloads") * 13, many.int("downloads"));
        for column in [
            "gini",
            "hhi",
            "top1_share",
            "top10_share",
            "share_without_downloads",
        ] {
            let (one, many) = (one.maybe_float(column), many.maybe_float(column));
            near(one.unwrap(), many.unwrap(), column);
        }
    }
}

/// Three dates in one run, and one after the other as the days go by.
#[test]
fn a_backfill_is_as_daily_runs() {
    let work = Workplace::new();
    work.write_nasty();
    let tables = ["engagement", "gains", "momentum", "snapshot_changes"];
    let tables = tables.map(|table| format!("+aggregate.{table}"));
    for date in DATES {
        work.run("daily", "hub-api", &[date], &tables);
    }
    let daily = work.files("daily");
    assert!(daily.len() >= 30, "{:?}", daily.keys());
    let backfill = &lake::nasty().backfill;
    for (path, bytes) in &daily {
        assert!(backfill.get(path) == Some(bytes), "{path} is another");
    }
}
