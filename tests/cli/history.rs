//! Tables made from more than one snapshot, and snapshots that lack something.

use crate::books::{self, DATES};
use crate::harness::{Project, assert_same};

/// Copies of the snapshots: 15, 20 and 9.
const TOTALS: &str = r"stage: aggregate
jobs:
  - name: ever
    description: Every snapshot so far.
    query: |
      SELECT snapshot_date AS day, CAST(sum(copies) AS BIGINT) AS copies
      FROM ingest.books GROUP BY snapshot_date
    history: {ingest.books: all}
    key: [day]
    sort: [day]
    columns: {day: {type: date32, description: Which.}, copies: {type: int64, description: How many.}}
  - name: lately
    description: The last two.
    query: |
      SELECT snapshot_date AS day, CAST(sum(copies) AS BIGINT) AS copies
      FROM ingest.books GROUP BY snapshot_date
    history: {ingest.books: {last: 2}}
    key: [day]
    sort: [day]
    columns: {day: {type: date32, description: Which.}, copies: {type: int64, description: How many.}}
  - name: peak
    description: The most that there ever was.
    query: SELECT max(copies) AS copies FROM aggregate.ever
    key: [copies]
    sort: [copies]
    columns: {copies: {type: int64, description: How many.}}
";

const GROWTH: &str = r"stage: aggregate
jobs:
  - name: growth
    description: What changed since the snapshot before.
    query: |
      SELECT n.isbn, n.copies - p.copies AS growth, p.snapshot_date AS since
      FROM normalize.books n LEFT JOIN ingest.books p ON p.isbn = n.isbn
    history: {ingest.books: previous}
    key: [isbn]
    sort: [isbn]
    columns:
      isbn: {type: utf8, description: Which.}
      growth: {type: int64, nullable: true, description: Copies more.}
      since: {type: date32, nullable: true, description: Since when.}
";

const RUNNING: &str = r"stage: aggregate
jobs:
  - name: running
    description: A total that goes on from the one before.
    query: |
      SELECT 'all' AS what, CAST(sum(copies) AS BIGINT) AS copies
      FROM (SELECT copies FROM ingest.books UNION ALL SELECT copies FROM aggregate.running) AS parts
    history: {aggregate.running: previous}
    key: [what]
    sort: [what]
    columns:
      what: {type: utf8, description: All.}
      copies: {type: int64, description: How many.}
";

const HISTORY: &str = "pipelines/aggregate/history.yaml";

/// A project with these jobs, and no other aggregates.
fn project(jobs: &str) -> Project {
    let project = books::project();
    project.remove("pipelines/aggregate/books.yaml");
    project.write(HISTORY, jobs);
    project
}

/// Runs each date alone, in the order given by place.
fn run(project: &Project, order: [usize; 3]) {
    for at in order {
        project.ok(&["run", "--source", "till", "--dates", DATES[at]]);
    }
}

#[test]
fn all_and_the_last_few() {
    let project = project(TOTALS);
    run(&project, [0, 1, 2]);
    assert_eq!(
        project.rows("SELECT snapshot_date, day, copies FROM aggregate.ever ORDER BY 1, 2"),
        [
            "2024-03-01,2024-03-01,15",
            "2024-03-02,2024-03-01,15",
            "2024-03-02,2024-03-02,20",
            "2024-03-03,2024-03-01,15",
            "2024-03-03,2024-03-02,20",
            "2024-03-03,2024-03-03,9",
        ]
    );
    assert_eq!(
        project.rows(
            "SELECT day, copies FROM aggregate.lately WHERE snapshot_date = '2024-03-03' ORDER BY 1"
        ),
        ["2024-03-02,20", "2024-03-03,9"]
    );
    assert_eq!(
        project.rows("SELECT snapshot_date, copies FROM aggregate.peak ORDER BY 1"),
        ["2024-03-01,15", "2024-03-02,20", "2024-03-03,20"]
    );
}

#[test]
fn a_backfill_in_any_order_is_as_good_as_daily_runs() {
    let daily = project(TOTALS);
    run(&daily, [0, 1, 2]);
    for order in [[2, 0, 1], [1, 2, 0]] {
        let later = project(TOTALS);
        run(&later, order);
        assert_same(&daily.lake_bytes(), &later.lake_bytes());
        later
            .ok(&["run", "--source", "till"])
            .assert_tables("0 made, 18 up to date");
    }
    let once = project(TOTALS);
    once.ok(&["run", "--source", "till"]);
    assert_same(&daily.lake_bytes(), &once.lake_bytes());
}

#[test]
fn a_plan_names_the_later_dates() {
    let project = project(TOTALS);
    project.ok(&["run", "--source", "till", "--dates", DATES[2]]);
    let plan = project.ok(&["plan", "--source", "till", "--dates", DATES[0]]);
    let later: Vec<String> = plan
        .planned()
        .into_iter()
        .filter_map(|(head, what)| Some(format!("{}: {what}", head.strip_prefix("2024-03-03 ")?)))
        .collect();
    assert_eq!(
        later,
        [
            "aggregate.ever: make if changed: ingest.books",
            "aggregate.lately: make if changed: ingest.books",
            "aggregate.peak: make if changed: aggregate.ever",
        ]
    );
    let ran = project.ok(&["run", "--source", "till", "--dates", DATES[0]]);
    assert!(
        ran.made().contains(&"2024-03-03 aggregate.ever".to_owned()),
        "{ran}"
    );
    assert!(
        !ran.made()
            .contains(&"2024-03-03 normalize.books".to_owned()),
        "{ran}"
    );
}

/// Of the first snapshot there is no previous one: no rows, and no failure.
#[test]
fn the_previous_one() {
    let project = project(GROWTH);
    run(&project, [0, 1, 2]);
    assert_eq!(
        project.rows("SELECT snapshot_date, isbn, growth, since FROM aggregate.growth WHERE isbn < 'b4' ORDER BY 1, 2"),
        [
            "2024-03-01,b1,,",
            "2024-03-01,b2,,",
            "2024-03-01,b3,,",
            "2024-03-02,b1,5,2024-03-01",
            "2024-03-02,b3,7,2024-03-01",
        ]
    );
}

#[test]
fn the_previous_one_after_a_backfill() {
    let daily = project(GROWTH);
    run(&daily, [0, 1, 2]);
    let later = project(GROWTH);
    run(&later, [2, 0, 1]);
    assert_same(&daily.lake_bytes(), &later.lake_bytes());
}

/// A total that goes on from itself: 15, 15 + 20, 15 + 20 + 9.
#[test]
fn from_itself() {
    let totals = ["2024-03-01,15", "2024-03-02,35", "2024-03-03,44"];
    let daily = project(RUNNING);
    run(&daily, [0, 1, 2]);
    let query = "SELECT snapshot_date, copies FROM aggregate.running ORDER BY 1";
    assert_eq!(daily.rows(query), totals);

    let later = project(RUNNING);
    run(&later, [2, 0, 1]);
    assert_eq!(later.rows(query), totals);
    assert_same(&daily.lake_bytes(), &later.lake_bytes());
}

/// A table cannot be made from the very partition that is being made.
#[test]
fn from_itself_on_the_same_day() {
    let project = project(&RUNNING.replace("previous", "all"));
    let check = project.hubcensus(&["check"]);
    if check.code == 3 {
        return;
    }
    let run = ["run", "--source", "till", "--dates", DATES[0], "--force"];
    project.ok(&run);
    let before = project.lake_bytes();
    project.ok(&run);
    assert_same(&before, &project.lake_bytes());
}

#[test]
fn what_was_skipped_is_shown_as_such() {
    let project = project(NEEDS);
    project.write(
        "data/till_2024-03-01.jsonl",
        "{\"isbn\":\"b1\",\"copies\":1}\n",
    );
    project.ok(&["run", "--source", "till", "--dates", DATES[0]]);
    let shown = project.ok(&["show", "aggregate.prices"]);
    assert_eq!(
        shown.out,
        "There is no aggregate.prices of 2024-03-01: the snapshot has no price \
         (ingest.books.price is null throughout).\n"
    );
}

const NEEDS: &str = r"stage: aggregate
jobs:
  - name: prices
    description: What books cost.
    query: SELECT isbn, price FROM ingest.books WHERE price IS NOT NULL
    needs: [ingest.books.price]
    key: [isbn]
    sort: [isbn]
    columns:
      isbn: {type: utf8, description: Which.}
      price: {type: float64, description: How much.}
  - name: dearest
    description: The most that one costs.
    query: SELECT max(price) AS price FROM aggregate.prices
    key: [price]
    sort: [price]
    columns: {price: {type: float64, nullable: true, description: How much.}}
";

#[test]
fn one_of_several_columns_is_enough_and_no_rows_may_be_a_reason() {
    let project = project(
        r"stage: aggregate
jobs:
  - name: worth
    description: What is known of books.
    query: SELECT isbn, coalesce(price, copies) AS n FROM ingest.books
    needs: [[ingest.books.price, ingest.books.copies]]
    key: [isbn]
    sort: [isbn]
    columns:
      isbn: {type: utf8, description: Which.}
      n: {type: float64, nullable: true, description: How much.}
  - name: dear
    description: What costs more than twenty.
    query: SELECT isbn FROM aggregate.worth WHERE n > 20
    skip_if_empty: no book costs more than twenty
    key: [isbn]
    sort: [isbn]
    columns: {isbn: {type: utf8, description: Which.}}
",
    );
    let run = ["run", "--source", "till", "--dates", DATES[1]];
    let till = format!("data/till_{}.jsonl", DATES[1]);
    project.write(&till, "{\"isbn\":\"b1\"}\n");
    let reason = "skipped: the snapshot has neither price nor copies \
                  (ingest.books.price and ingest.books.copies are null throughout)";
    let ran = project.ok(&run);
    ran.assert_step(&format!("{} aggregate.worth", DATES[1]), reason);

    project.write(&till, "{\"isbn\":\"b1\",\"copies\":3}\n");
    let ran = project.ok(&run);
    let dear = format!("{} aggregate.dear", DATES[1]);
    ran.assert_step(&dear, "skipped: no book costs more than twenty");

    project.write(&till, "{\"isbn\":\"b1\",\"copies\":30}\n");
    project.ok(&run);
    let dear =
        project.rows("SELECT isbn FROM aggregate.dear WHERE snapshot_date = DATE '2024-03-02'");
    assert_eq!(dear, ["b1"]);
}

#[test]
fn what_a_snapshot_lacks_is_skipped_and_named() {
    let project = project(NEEDS);
    let till = "data/till_2024-03-02.jsonl";
    project.write(
        till,
        "{\"isbn\":\"b1\",\"copies\":1}\n{\"isbn\":\"b2\",\"price\":null}\n",
    );
    let run = [
        "run",
        "--source",
        "till",
        "--dates",
        "2024-03-01..2024-03-02",
    ];
    let ran = project.ok(&run);
    ran.assert_tables("8 made, 0 up to date, 2 skipped");
    let reason = "the snapshot has no price (ingest.books.price is null throughout)";
    ran.assert_step("2024-03-02 aggregate.prices", &format!("skipped: {reason}"));
    let below = format!("skipped: aggregate.prices was skipped: {reason}");
    ran.assert_step("2024-03-02 aggregate.dearest", &below);
    assert_eq!(
        project.rows("SELECT snapshot_date, price FROM aggregate.dearest"),
        ["2024-03-01,30.0"]
    );
    project
        .ok(&["tables", "prices"])
        .assert_out(&format!("2024-03-02  skipped: {reason}"));

    // It is not looked at again, and said again.
    let before = project.lake();
    project
        .ok(&run)
        .assert_tables("0 made, 8 up to date, 2 skipped");
    assert_same(&before, &project.lake());

    // Once there are prices, there is a table; once they go, it goes.
    project.replace(till, "\"price\":null", "\"price\":4.5");
    project.ok(&run).assert_tables("5 made, 5 up to date");
    assert_eq!(
        project.rows("SELECT price FROM aggregate.dearest WHERE snapshot_date = '2024-03-02'"),
        ["4.5"]
    );
    project.replace(till, "\"price\":4.5", "\"price\":null");
    project.ok(&run);
    let before = before
        .into_iter()
        .map(|(path, (bytes, _))| (path, bytes))
        .collect();
    assert_same(&before, &project.lake_bytes());
}
