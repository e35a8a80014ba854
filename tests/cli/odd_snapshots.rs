//! The project's own pipelines on snapshots of which little is known, and on
//! snapshots that are not like the one before: every table is made, or skipped
//! with a reason, and what is not known is not zero.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::harness::{Project, Ran};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A model with all that matters here.
fn model(number: usize) -> Value {
    json!({
        "id": format!("account-{}/model-{number}", number % 3),
        "createdAt": "2026-01-15T00:00:00.000Z",
        "downloads": 10 * (number + 1),
        "downloadsAllTime": 100 * (number + 1),
        "likes": number + 1,
        "trendingScore": number % 4,
        "pipeline_tag": if number.is_multiple_of(2) { "text-generation" } else { "fill-mask" },
        "library_name": "transformers",
        "tags": ["pytorch", "en", "license:mit"],
        "safetensors": {"parameters": {"F32": 1000 * (number + 1)}, "total": 1000 * (number + 1)},
    })
}

/// The same without some of it.
fn without(number: usize, keys: &[&str]) -> Value {
    let mut model = model(number);
    for key in keys {
        model.as_object_mut().unwrap().remove(*key);
    }
    model
}

fn with(number: usize, values: &Value) -> Value {
    let mut model = model(number);
    for (key, value) in values.as_object().unwrap() {
        model[key] = value.clone();
    }
    model
}

fn write(project: &Project, date: &str, models: impl IntoIterator<Item = Value>) {
    let lines = models.into_iter().map(|model| format!("{model}\n"));
    let lines: String = lines.collect();
    project.write(&format!("models_{date}.jsonl"), lines);
}

/// Makes these tables, all if there are none, of every snapshot.
fn run(project: &Project, tables: &[&str]) -> Ran {
    let mut args = vec!["run", "--project", ROOT, "--lake", "lake"];
    args.extend(["--source", "hub-api", "--from", "models_{date}.jsonl"]);
    args.extend(tables);
    project.ok(&args)
}

/// What a query gives.
fn rows(project: &Project, sql: &str) -> Vec<String> {
    let from = ["query", "--project", ROOT, "--lake", "lake"];
    let ran = project.ok(&[&from[..], &["--format", "csv", sql]].concat());
    ran.out.lines().skip(1).map(str::to_owned).collect()
}

/// Why a table was skipped for a snapshot; nothing if it was made.
fn skipped(project: &Project, table: &str, date: &str) -> Option<String> {
    let manifest = project.manifest(&format!("aggregate.{table}"), date);
    manifest["skipped"].as_str().map(str::to_owned)
}

/// Every manifest of the lake, by its table and date.
fn manifests(folder: &Path, found: &mut Vec<(String, Value)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            manifests(&path, found);
        } else {
            let manifest = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            found.push((path.to_string_lossy().into_owned(), manifest));
        }
    }
}

#[test]
fn whatever_a_snapshot_lacks_every_table_is_made_or_says_why_not() {
    let project = Project::empty();
    // One model; two of which nothing is known but their ids; thirty without
    // likes and tags, of one of which a counter is stated.
    write(&project, "2026-05-01", [model(0)]);
    let ids = ["account-0/model-0", "model-without-owner"];
    write(&project, "2026-05-02", ids.map(|id| json!({"id": id})));
    let counters = ["likes", "tags", "downloadsAllTime", "downloads"];
    let mut models: Vec<Value> = (0..30).map(|number| without(number, &counters)).collect();
    models[7]["downloads"] = json!(0);
    write(&project, "2026-05-03", models);
    run(&project, &[]);

    let mut found = Vec::new();
    manifests(&project.path("lake/_manifests"), &mut found);
    for (place, manifest) in &found {
        let reason = manifest["skipped"].as_str();
        assert!(
            manifest["file"].is_object() || reason.is_some_and(|reason| !reason.is_empty()),
            "{place}: {manifest}"
        );
    }
    let of = |date: &str| {
        let there = found.iter().filter(|(place, _)| place.contains(date));
        there.count()
    };
    assert!(of("2026-05-01") > 70, "{}", of("2026-05-01"));
    assert_eq!(of("2026-05-01"), of("2026-05-02"));
    assert_eq!(of("2026-05-01"), of("2026-05-03"));

    let totals =
        "SELECT universe, period, models, downloads, likes, uncounted_models, median_downloads
                  FROM aggregate.hub_totals WHERE snapshot_date = '2026-05-03' ORDER BY 1, 2";
    assert_eq!(
        rows(&project, totals),
        ["all,last_30d,30,0,,29,0.0", "top50,last_30d,30,0,,29,0.0"]
    );
}

/// Three accounts: one with likes and downloads of one of its two models, one
/// with zeros, one of which neither is stated.
#[test]
fn a_sum_over_nothing_known_is_null() {
    let project = Project::empty();
    let of = |id: &str, downloads: Option<i64>, likes: Option<i64>| {
        let mut model = json!({"id": id, "pipeline_tag": "fill-mask", "tags": ["pytorch"]});
        for (key, value) in [("downloads", downloads), ("likes", likes)] {
            if let Some(value) = value {
                model[key] = json!(value);
            }
        }
        model
    };
    let models = [
        of("known/one", Some(40), Some(4)),
        of("known/two", None, None),
        of("silent/one", None, None),
        of("zero/one", Some(0), Some(0)),
    ];
    write(&project, "2026-05-01", models);
    let tables = [
        "accounts",
        "account_popularity",
        "concentration",
        "entities",
        "hub_totals",
    ];
    run(
        &project,
        &tables
            .map(|name| format!("+aggregate.{name}"))
            .each_ref()
            .map(String::as_str),
    );

    let by_entity =
        "SELECT rank, entity, models, downloads, likes, downloads_share, cumulative_share
                     FROM aggregate.entities WHERE universe = 'all' ORDER BY rank";
    assert_eq!(
        rows(&project, by_entity),
        [
            "1,known,2,40,4,1.0,1.0",
            "2,zero,1,0,0,0.0,1.0",
            "3,silent,1,,,,1.0"
        ]
    );
    let by_account = "SELECT rank, account, downloads, likes, share_of_entity
                      FROM aggregate.accounts WHERE universe = 'all' ORDER BY rank";
    assert_eq!(
        rows(&project, by_account),
        ["1,known,40,4,1.0", "2,zero,0,0,", "3,silent,,,"]
    );
    let popularity =
        "SELECT account, models, uncounted_models, mean_downloads, median_likes, rank_by_likes
                      FROM aggregate.account_popularity WHERE universe = 'all' ORDER BY rank";
    assert_eq!(
        rows(&project, popularity),
        [
            "known,2,1,40.0,4.0,1",
            "zero,1,0,0.0,0.0,2",
            "silent,1,1,,,3"
        ]
    );
    // Of 40 and 0, not of 40 and three zeros.
    let totals = "SELECT downloads, likes, uncounted_models, mean_downloads, median_downloads, share_without_downloads
                  FROM aggregate.hub_totals WHERE universe = 'all'";
    assert_eq!(rows(&project, totals), ["40,4,2,20.0,20.0,0.5"]);
    let units = "SELECT unit, units FROM aggregate.concentration
                 WHERE universe = 'all' AND zeros_included ORDER BY unit";
    assert_eq!(rows(&project, units), ["account,2", "entity,2", "model,2"]);
}

/// A crawl that stops after its first page: its models are neither gone that
/// day nor new on the next.
#[test]
fn a_snapshot_unlike_the_one_before_is_warned_of_and_not_told_as_change() {
    let project = Project::empty();
    for (date, models) in [("01", 100), ("02", 5), ("03", 100), ("04", 101)] {
        write(&project, &format!("2026-05-{date}"), (0..models).map(model));
    }
    let changes = [
        "entity_type_changes",
        "geography_changes",
        "library_changes",
        "license_changes",
        "size_changes",
        "snapshot_changes",
        "task_changes",
    ];
    let tables = changes.map(|name| format!("+aggregate.{name}"));
    let ran = run(&project, &tables.each_ref().map(String::as_str));
    let fewer = "it has 5 models and the one before it, of 2026-05-01, 100";
    let more = "it has 100 models and the one before it, of 2026-05-02, 5";
    ran.assert_err(&format!(
        r#"{{"rows":5,"previous_rows":100,"previous_date":"2026-05-01","not_comparable_because":"{fewer}"}}"#
    ));
    ran.assert_err(&format!(
        r#"{{"rows":100,"previous_rows":5,"previous_date":"2026-05-02","not_comparable_because":"{more}"}}"#
    ));
    assert_eq!(
        ran.err.matches("unlike_the_snapshot_before").count(),
        2,
        "{ran}"
    );
    for table in changes {
        for (date, why) in [
            ("2026-05-01", "there is no snapshot before it"),
            ("2026-05-02", fewer),
            ("2026-05-03", more),
        ] {
            let reason = skipped(&project, table, date).unwrap();
            assert!(reason.ends_with(why), "{table} {date}: {reason}");
        }
        assert_eq!(skipped(&project, table, "2026-05-04"), None, "{table}");
    }
    let moved = "SELECT status, count(*) FROM aggregate.snapshot_changes
                 WHERE snapshot_date = '2026-05-04' GROUP BY status";
    assert_eq!(rows(&project, moved), ["new,1"]);
    let beside = "SELECT rows, previous_rows, comparable_predecessor, not_comparable_because
                  FROM aggregate.snapshots WHERE snapshot_date = '2026-05-04'";
    assert_eq!(rows(&project, beside), ["101,100,2026-05-03,"]);
}

/// A comparable snapshot that has fewer downloads, and a column less.
#[test]
fn what_fell_and_what_was_lost_is_warned_of() {
    let project = Project::empty();
    write(&project, "2026-05-01", (0..30).map(model));
    // Of all time 46,500 before, and half of it; of 30 days a tenth less, which may be.
    let halved = |number: usize| {
        let mut model = without(number, &["likes"]);
        model["downloadsAllTime"] = json!(50 * (number + 1));
        model["downloads"] = json!(9 * (number + 1));
        model
    };
    write(&project, "2026-05-02", (0..30).map(halved));
    let ran = run(&project, &["+aggregate.snapshots"]);
    ran.assert_err(
        r#"{"what":"models: downloads of all time","now":23250,"before":46500,"previous_date":"2026-05-01"}"#,
    );
    ran.assert_err(r#"{"lost_columns":["likes"],"previous_date":"2026-05-01"}"#);
    assert!(!ran.err.contains("downloads of the last 30 days"), "{ran}");
    let counts = &project.manifest("aggregate.snapshots", "2026-05-02")["facts"]["counts"];
    // Downloads of all time, and likes.
    assert_eq!(counts["warning:fewer_than_before"], 2, "{counts}");
}

/// Half of the downloads are of an account whose row nobody has read against a
/// document; then a fiftieth of them are.
#[test]
fn downloads_that_rest_on_unread_rows_are_warned_of() {
    let accounts = fs::read_to_string(Path::new(ROOT).join("data/reference/accounts.csv")).unwrap();
    let mut unread = accounts.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split(',').collect();
        let always = fields.get(2..5)? == ["", "", "unread"];
        always.then(|| fields[0].to_owned())
    });
    let unread = unread.next().unwrap();
    let project = Project::empty();
    for (date, others) in [("2026-05-01", 100), ("2026-05-02", 4900)] {
        let models = [
            json!({"id": format!("{unread}/a"), "downloads": 100}),
            json!({"id": "nobody-lists-this/b", "downloads": others}),
        ];
        write(&project, date, models);
    }
    let ran = run(&project, &["+aggregate.account_measures"]);
    ran.assert_err(r#"{"period":"last_30d","share":0.5}"#);
    assert_eq!(
        ran.err
            .matches("downloads_that_rest_on_unread_rows")
            .count(),
        1,
        "{ran}"
    );
}

/// The country of an entity that nobody has read, and that of another which a
/// list of regions bears out.
#[test]
fn a_country_on_a_guess_among_the_first_fifty_is_warned_of() {
    let fields = |name: &str| -> Vec<Vec<String>> {
        let text = fs::read_to_string(Path::new(ROOT).join(format!("data/reference/{name}.csv")));
        let text = text.unwrap();
        let rows = text.lines().skip(1);
        rows.map(|line| line.split(',').map(str::to_owned).collect())
            .collect()
    };
    let regions = fields("account_regions");
    let accounts = fields("accounts");
    let account_of = |entity: &str| {
        let is_its = |row: &&Vec<String>| row[1] == entity && row[2..4] == ["", ""];
        accounts.iter().find(is_its).map(|row| row[0].clone())
    };
    let entities = fields("entities").into_iter().filter_map(|row| {
        let is_guess = row.get(2..6)? != ["", "", "", "unread"] && row[3..6] == ["", "", "unread"];
        account_of(&row[0]).filter(|_| is_guess)
    });
    let is_listed = |account: &String| regions.iter().any(|row| row[0] == *account);
    let (listed, guessed): (Vec<String>, Vec<String>) = entities.partition(is_listed);
    let project = Project::empty();
    let models = [&listed[0], &guessed[0]]
        .map(|account| json!({"id": format!("{account}/a"), "downloads": 100}));
    write(&project, "2026-05-01", models);
    let ran = run(&project, &["+aggregate.entity_measures"]);
    let counts = &project.manifest("aggregate.entity_measures", "2026-05-01")["facts"]["counts"];
    assert_eq!(
        counts["warning:unread_countries_of_the_first_fifty"], 1,
        "{ran}"
    );
}

/// What a Hub may grow in half a year it may not in a day less.
#[test]
fn how_much_more_depends_on_the_days_between() {
    for (date, compared) in [("2026-06-30", "2026-01-01"), ("2026-06-29", "")] {
        let project = Project::empty();
        write(&project, "2026-01-01", (0..15).map(model));
        write(&project, date, (0..60).map(model));
        run(&project, &["+aggregate.snapshots"]);
        let sql = format!(
            "SELECT comparable_predecessor, not_comparable_because FROM aggregate.snapshots
             WHERE snapshot_date = '{date}'"
        );
        let reason = if compared.is_empty() {
            "\"it has 60 models and the one before it, of 2026-01-01, 15\""
        } else {
            ""
        };
        assert_eq!(
            rows(&project, &sql),
            [format!("{compared},{reason}")],
            "{date}"
        );
    }
}

/// A day on which the Hub's counters are all zero is a day without shares, not
/// one on which somebody lost all of his.
#[test]
fn counters_that_are_all_zero() {
    let project = Project::empty();
    write(&project, "2026-05-01", (0..30).map(model));
    let zeros = json!({"downloads": 0, "downloadsAllTime": 0, "likes": 0});
    // account-2 is gone, so that it has no row in the breakdown of this day.
    let left = (0..30).filter(|number| number % 3 != 2);
    write(
        &project,
        "2026-05-02",
        left.map(|number: usize| {
            let id = if number.is_multiple_of(3) {
                "google"
            } else {
                "facebook"
            };
            let mut model = with(number, &zeros);
            model["id"] = json!(format!("{id}/model-{number}"));
            model
        }),
    );
    run(
        &project,
        &[
            "+aggregate.geography_changes",
            "+aggregate.entity_type_changes",
        ],
    );
    let shares = "SELECT place, downloads, downloads_share, share_gained FROM aggregate.geography_changes
                  WHERE universe = 'all' AND period = 'all_time' AND level = 'country' ORDER BY rank";
    assert_eq!(rows(&project, shares), ["US,0,,", "unlisted,0,,"]);
    let kinds =
        "SELECT entity_type, models, downloads, share_gained FROM aggregate.entity_type_changes
                 WHERE universe = 'all' AND period = 'last_30d' ORDER BY rank";
    assert_eq!(rows(&project, kinds), ["company,20,0,", "unlisted,0,0,"]);
}

/// Of one task there is nothing to tell apart, and nothing to warn of.
#[test]
fn one_task_only() {
    let project = Project::empty();
    let one = json!({"pipeline_tag": "fill-mask"});
    write(
        &project,
        "2026-05-01",
        (0..60).map(|number| with(number, &one)),
    );
    let ran = run(&project, &["+aggregate.task_model_scores"]);
    assert!(!ran.err.contains("the_best_beats_the_baseline"), "{ran}");
}
