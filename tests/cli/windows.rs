//! Tables made from the comparable snapshot nearest to some days before.

use crate::harness::{Project, assert_same};

/// Two sources that list all, two that list a part.
const INGEST: &str = r#"stage: ingest
tables:
  - name: plants
    description: Plants of a garden.
    key: [name]
    sort: [name]
    columns:
      name: {type: utf8, description: Which.}
      leaves: {type: int64, nullable: true, description: How many.}
sources:
  - name: census
    description: All of them.
    table: plants
    coverage: census
    location: "data/plants_{date}.jsonl"
    format: ndjson
    columns: {name: {type: utf8}, leaves: {type: int64}}
    query: SELECT name, leaves FROM source
  - {name: recount, like: census, description: All of them again., coverage: census, location: "data/plants_{date}.jsonl"}
  - {name: first, like: census, description: The tallest., coverage: ranking, part: the tallest, location: "data/plants_{date}.jsonl"}
  - {name: second, like: census, description: The reddest., coverage: ranking, part: the reddest, location: "data/plants_{date}.jsonl"}
"#;

const AGGREGATE: &str = r#"stage: aggregate
jobs:
  - name: month
    description: Leaves since a month.
    query: |
      SELECT n.name, b.snapshot_date AS since, n.leaves - b.leaves AS gained
      FROM ingest.plants n JOIN ingest.plants b ON b.name = n.name AND b.window_days = 30
      WHERE n.window_days = 0
    history: {ingest.plants: {days: 30}}
    key: [name]
    sort: [name]
    columns:
      name: {type: utf8, description: Which.}
      since: {type: date32, description: Since when.}
      gained: {type: int64, nullable: true, description: Leaves more.}
  - name: windows
    description: What each window reads.
    query: SELECT window_days AS days, snapshot_date AS day, count(*) AS plants FROM ingest.plants GROUP BY 1, 2
    history: {ingest.plants: {days: [7, 30, 60]}}
    key: [days]
    sort: [days]
    columns:
      days: {type: int64, description: Which window.}
      day: {type: date32, description: What it reads.}
      plants: {type: int64, description: Rows.}
  - name: least
    description: What a minimal distance reads.
    query: SELECT window_days AS days, snapshot_date AS day FROM ingest.plants WHERE window_days > 0 GROUP BY 1, 2
    parameters:
      days: {type: int64, value: 7, description: At least so many.}
    history: {ingest.plants: {days: {at_least: $days}}}
    key: [days]
    sort: [days]
    columns:
      days: {type: int64, description: What was asked for.}
      day: {type: date32, description: What it reads.}
"#;

const NOW: &str = "2025-06-30";

fn day(before: i64) -> String {
    let now: chrono::NaiveDate = NOW.parse().unwrap();
    (now - chrono::Duration::days(before)).to_string()
}

/// A project with the files of days so many days before.
fn project(days: &[i64]) -> Project {
    let project = Project::of(&[
        ("pipelines/ingest/plants.yaml", INGEST),
        ("pipelines/aggregate/windows.yaml", AGGREGATE),
    ]);
    for before in days {
        add(&project, *before);
    }
    project
}

fn add(project: &Project, before: i64) {
    let rows = format!("{{\"name\": \"ivy\", \"leaves\": {}}}\n", 1000 - before);
    project.write(&format!("data/plants_{}.jsonl", day(before)), rows);
}

fn run(project: &Project, source: &str, days: &[i64]) {
    let days: Vec<String> = days.iter().map(|before| day(*before)).collect();
    project.ok(&["run", "--source", source, "--dates", &days.join(",")]);
}

/// The distances that a table of that day read, by window; none if it was skipped.
fn read(project: &Project, table: &str) -> Vec<(i64, i64)> {
    let manifest = project.manifest(&format!("aggregate.{table}"), NOW);
    if manifest.get("skipped").is_some() {
        return Vec::new();
    }
    let sql = format!(
        "SELECT days, DATE '{NOW}' - day FROM aggregate.{table} WHERE snapshot_date = '{NOW}' AND days > 0 ORDER BY 1"
    );
    let rows = project.rows(&sql);
    let numbers = rows.iter().map(|row| {
        let (days, distance) = row.split_once(',').unwrap();
        let distance = distance.split(' ').next().unwrap();
        (days.parse().unwrap(), distance.parse().unwrap())
    });
    numbers.collect()
}

/// How many days before this one there are snapshots, and what is chosen: days asked for, and true distance.
type Case = (&'static [i64], &'static [(i64, i64)]);

#[test]
fn the_nearest_within_half_and_twice() {
    // The window of 7 reaches from 4 to 14 days, as half of it is no whole day; that of 30 from 15 to 60, that of 60 from
    // 30 to 120.
    let cases: [Case; 13] = [
        (&[3], &[]),
        (&[4], &[(7, 4)]),
        (&[14], &[(7, 14)]),
        (&[15], &[(30, 15)]),
        (&[29], &[(30, 29)]),
        (&[30], &[(30, 30), (60, 30)]),
        (&[60], &[(30, 60), (60, 60)]),
        (&[61], &[(60, 61)]),
        (&[120], &[(60, 120)]),
        (&[121], &[]),
        // Of two as near the older; else the nearer, whichever side it is on.
        (&[6, 8, 25, 35, 59, 61], &[(7, 8), (30, 35), (60, 61)]),
        (&[6, 9, 26, 35, 58, 61], &[(7, 6), (30, 26), (60, 61)]),
        // Gaps are gaps, however much is on both sides.
        (&[1, 2, 3, 15, 121, 400], &[(30, 15)]),
    ];
    for (days, expected) in cases {
        let project = project(&[days, &[0]].concat());
        run(&project, "census", &[days, &[0]].concat());
        assert_eq!(read(&project, "windows"), expected, "{days:?}");
    }
}

#[test]
fn at_least_so_many_days() {
    let cases: [Case; 4] = [
        (&[6], &[]),
        (&[7], &[(7, 7)]),
        (&[1, 6, 8, 20], &[(7, 8)]),
        (&[3, 4000], &[(7, 4000)]),
    ];
    for (days, expected) in cases {
        let project = project(&[days, &[0]].concat());
        run(&project, "census", &[days, &[0]].concat());
        assert_eq!(read(&project, "least"), expected, "{days:?}");
    }
    let project = project(&[0, 7, 10]);
    run(&project, "census", &[0, 7, 10]);
    let file = "pipelines/aggregate/windows.yaml";
    project.replace(file, "value: 7", "value: 8");
    let plan = project.ok(&["plan", "--dates", NOW]);
    let [(table, why)] = <[_; 1]>::try_from(plan.planned()).unwrap();
    assert_eq!(table, format!("{NOW} aggregate.least"));
    assert_eq!(
        why,
        "make: history changed, ingest.plants@2025-06-20 (8 days before) changed, \
         ingest.plants@2025-06-23 (7 days before) changed, parameters changed"
    );
    project.ok(&["run", "--dates", NOW]);
    assert_eq!(read(&project, "least"), [(8, 10)]);
}

#[test]
fn the_distance_is_a_column_and_a_snapshot_may_serve_twice() {
    let project = project(&[0, 33]);
    run(&project, "census", &[33, 0]);
    let since = day(33);
    assert_eq!(
        project.rows("SELECT name, since, gained FROM aggregate.month"),
        [format!("ivy,{since},33")]
    );
    let windows = "SELECT days, day, plants FROM aggregate.windows ORDER BY days";
    assert_eq!(
        project.rows(windows),
        [
            format!("0,{NOW},1"),
            format!("30,{since},1"),
            format!("60,{since},1")
        ]
    );
}

#[test]
fn what_is_no_census_is_compared_with_its_own_source() {
    let project = project(&[0, 28, 30, 40]);
    run(&project, "first", &[40]);
    run(&project, "second", &[30]);
    run(&project, "recount", &[28]);
    run(&project, "first", &[0]);
    assert_eq!(read(&project, "windows"), [(30, 40), (60, 40)]);
    assert_eq!(read(&project, "least"), [(7, 40)]);
    // Two counts of all are comparable, whoever counted.
    run(&project, "census", &[0]);
    assert_eq!(read(&project, "windows"), [(30, 28)]);
    // None is.
    project.ok(&["run", "--source", "second", "--dates", &day(28)]);
    let ran = project.ok(&["run", "--source", "census", "--dates", NOW]);
    ran.assert_step(
        &format!("{NOW} aggregate.month"),
        "skipped: there is no comparable snapshot of ingest.plants 15 to 60 days before (that of \
         2025-05-31 is a ranking from second, and this one a census from census)",
    );
}

#[test]
fn none_is_told_with_what_was_looked_for() {
    let project = project(&[0, 2]);
    let ran = project.ok(&["run", "--source", "census", "--dates", NOW]);
    let none = "skipped: there is no comparable snapshot of ingest.plants";
    let step = |table: &str| format!("{NOW} aggregate.{table}");
    ran.assert_step(&step("month"), &format!("{none} 15 to 60 days before"));
    ran.assert_step(&step("least"), &format!("{none} 7 days or more before"));
    let several = " 4 to 14 days before, nor 15 to 60 days before, nor 30 to 120 days before";
    let several = format!("{none}{several}");
    ran.assert_step(&step("windows"), &several);
}

#[test]
fn a_backfill_that_is_nearer_makes_it_again_and_others_do_not() {
    let project = project(&[0, 10, 20, 29, 45]);
    run(&project, "census", &[45, 0]);
    assert_eq!(read(&project, "windows"), [(30, 45), (60, 45)]);
    // Ten days: a window of its own, and nothing nearer to 30.
    let plan = project.ok(&["plan", "--source", "census", "--dates", &day(10)]);
    let later = |plan: &crate::harness::Ran| -> Vec<String> {
        let planned = plan.planned().into_iter();
        let now = planned.filter_map(|(head, what)| {
            Some(format!("{}: {what}", head.strip_prefix("2025-06-30 ")?))
        });
        now.collect()
    };
    assert_eq!(
        later(&plan),
        [
            "aggregate.least: make if changed: ingest.plants of 2025-06-20 (7 days before)",
            "aggregate.windows: make if changed: ingest.plants of 2025-06-20 (7 days before)",
        ]
    );
    run(&project, "census", &[10]);
    assert_eq!(read(&project, "windows"), [(7, 10), (30, 45), (60, 45)]);
    let plan = project.ok(&["plan", "--source", "census", "--dates", &day(29)]);
    assert_eq!(
        later(&plan),
        [
            "aggregate.month: make if changed: ingest.plants of 2025-06-01 (30 days before)",
            "aggregate.windows: make if changed: ingest.plants of 2025-06-01 (30 days before)",
        ]
    );
    run(&project, "census", &[29]);
    assert_eq!(read(&project, "windows"), [(7, 10), (30, 29), (60, 45)]);
    // Farther than what there is: nothing of that day is looked at.
    let ran = project.ok(&["run", "--source", "census", "--dates", &day(20)]);
    let made = ran.made();
    assert!(
        !made.iter().any(|step| step.starts_with(NOW)),
        "{made:?}\n{ran}"
    );
    // In whatever order they come, the lake is the same.
    let daily = self::project(&[0, 10, 20, 29, 45]);
    run(&daily, "census", &[45]);
    run(&daily, "census", &[29, 20]);
    run(&daily, "census", &[10]);
    run(&daily, "census", &[0]);
    assert_same(&daily.lake_bytes(), &project.lake_bytes());
}

#[test]
fn what_lies_between_is_not_read() {
    let between: Vec<i64> = (1..=3).chain(16..=28).collect();
    let all = [&between[..], &[0, 30, 8]].concat();
    let project = project(&all);
    run(&project, "census", &all);
    let inputs = &project.manifest("aggregate.windows", NOW)["facts"]["inputs"];
    let inputs = inputs.as_object().unwrap().keys().map(String::as_str);
    let snapshots: Vec<&str> = inputs.filter(|key| key.contains('@')).collect();
    assert_eq!(
        snapshots,
        [
            "ingest.plants@2025-05-31 (30 days before)",
            "ingest.plants@2025-05-31 (60 days before)",
            "ingest.plants@2025-06-22 (7 days before)",
            "ingest.plants@2025-06-30",
        ]
    );
}
