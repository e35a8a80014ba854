use std::collections::BTreeSet;

use super::*;
use crate::sample::{FactTexts, SampleFacts};

fn spec(models: u64) -> SampleSpec {
    let facts = SampleFacts::parse(&FactTexts {
        totals: include_str!("../../../../../data/sample/totals.csv"),
        heads: include_str!("../../../../../data/sample/heads.csv"),
        archetypes: include_str!("../../../../../data/sample/archetypes.csv"),
        curves: include_str!("../../../../../data/sample/curves.csv"),
        choices: include_str!("../../../../../data/sample/choices.csv"),
    });
    SampleSpec {
        models,
        seed: 7,
        facts: facts.expect("the project's own facts"),
    }
}

fn kinds() -> KindFacts {
    let facts = KindFacts::parse(&KindTexts {
        kinds: include_str!("../../../../../data/sample/kinds.csv"),
        curves: include_str!("../../../../../data/sample/kind_curves.csv"),
    });
    facts.expect("the project's own facts")
}

fn bytes(spec: &SampleSpec, kind: Kind, day: &str, shape: Shape) -> (u64, Vec<u8>) {
    let mut out = Vec::new();
    let day = day.parse().expect("a date");
    let rows = write_kind(spec, &kinds(), kind, day, shape, &mut out);
    (rows.expect("rows"), out)
}

fn items(spec: &SampleSpec, kind: Kind, day: &str) -> Vec<serde_json::Value> {
    let (rows, bytes) = bytes(spec, kind, day, Shape::ApiItems);
    let text = String::from_utf8(bytes).expect("text");
    let items: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(items.len() as u64, rows);
    items
}

fn texts(items: &[serde_json::Value], key: &str) -> Vec<String> {
    let found = items.iter().filter_map(|item| item.pointer(key)?.as_str());
    found.map(str::to_owned).collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes_in_both_shapes() {
    let other = SampleSpec {
        seed: 8,
        ..spec(3_000)
    };
    for kind in Kind::ALL {
        for shape in [Shape::HubStats, Shape::ApiItems] {
            let once = bytes(&spec(3_000), kind, "2025-09-21", shape);
            assert_eq!(once, bytes(&spec(3_000), kind, "2025-09-21", shape));
            let others = bytes(&other, kind, "2025-09-21", shape);
            assert_ne!(once.1, others.1, "{kind:?} {shape:?}");
        }
    }
}

#[test]
fn there_are_as_many_as_the_facts_say_on_the_reference_date() {
    let at = |kind, day| items(&spec(20_000), kind, day).len();
    // 20,000 models by 0.339, 0.3 and 0.005.
    assert_eq!(at(Kind::Datasets, "2025-10-01"), 6_780);
    assert_eq!(at(Kind::Spaces, "2025-10-01"), 6_000);
    // Up to three days pass until a paper is listed.
    assert!((95..=100).contains(&at(Kind::Papers, "2025-10-01")));
    assert!(at(Kind::Datasets, "2025-06-01") < 6_780);
    // 6,780 by 0.0012 for each of thirty days.
    assert_eq!(at(Kind::Datasets, "2025-10-31"), 6_780 + 244);
}

#[test]
fn ids_are_unique_and_dates_agree() {
    for (kind, id) in [
        (Kind::Datasets, "/id"),
        (Kind::Spaces, "/id"),
        (Kind::Papers, "/paper/id"),
    ] {
        let early = texts(&items(&spec(5_000), kind, "2025-09-01"), id);
        let late = texts(&items(&spec(5_000), kind, "2025-10-10"), id);
        let (early_set, late_set): (BTreeSet<_>, BTreeSet<_>) =
            (early.iter().collect(), late.iter().collect());
        assert_eq!((early_set.len(), late_set.len()), (early.len(), late.len()));
        assert!(early_set.is_subset(&late_set), "none is deleted");
        assert!(early.len() < late.len(), "{kind:?}");
    }
}

#[test]
fn nothing_is_made_after_the_day() {
    let end = "2025-09-02";
    for (kind, keys) in [
        (Kind::Datasets, ["/createdAt", "/lastModified"]),
        (Kind::Spaces, ["/createdAt", "/lastModified"]),
        (
            Kind::Papers,
            ["/paper/publishedAt", "/paper/submittedOnDailyAt"],
        ),
    ] {
        let items = items(&spec(5_000), kind, "2025-09-01");
        for key in keys {
            let moments = texts(&items, key);
            assert_eq!(moments.len(), items.len());
            assert!(moments.iter().all(|moment| moment.as_str() < end), "{key}");
        }
    }
}

#[test]
fn robotics_is_of_the_newest_datasets() {
    let datasets = items(&spec(20_000), Kind::Datasets, "2025-10-01");
    let share = |year: &str| {
        let of = datasets.iter().filter(|item| {
            item["createdAt"]
                .as_str()
                .is_some_and(|at| at.starts_with(year))
        });
        let tags: Vec<String> = of.map(|item| item["tags"].to_string()).collect();
        let having = |text: &str| tags.iter().filter(|of| of.contains(text)).count() as f64;
        having("task_categories:robotics") / having("task_categories:")
    };
    assert!(share("2022") < 0.1, "{}", share("2022"));
    assert!(share("2025") > 0.2, "{}", share("2025"));
}

#[test]
fn accounts_are_users_and_organisations_and_not_all_are_told_of() {
    let accounts = items(&spec(20_000), Kind::AccountFacts, "2025-10-01");
    let users = texts(&accounts, "/user").len();
    let organisations = texts(&accounts, "/name").len();
    assert_eq!(users + organisations, accounts.len());
    assert!(users > organisations);
    assert!(texts(&accounts, "/name").contains(&"Qwen".to_owned()));
}

#[test]
fn what_is_missing_is_told() {
    let none = KindFacts::parse(&KindTexts {
        kinds: "kind,choice,value,weight,late_weight\n",
        curves: "kind,curve,position,value\n",
    });
    let error = write_kind(
        &spec(3_000),
        &none.expect("no facts"),
        Kind::Spaces,
        "2025-10-01".parse().expect("a date"),
        Shape::ApiItems,
        Vec::new(),
    );
    let error = error.expect_err("no facts").to_string();
    assert!(error.contains("spaces likes"), "{error}");
}
