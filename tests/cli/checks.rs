//! A partition that breaks its rules does not take its place.

use crate::books;
use crate::harness::{Project, assert_same};
use crate::reading;

const AGGREGATE: &str = "pipelines/aggregate/books.yaml";
const REJECTED: &str = "lake/_rejected/aggregate/cities/2024-03-01";

/// Adds a rule to the cities that says how the smallest of them must be.
fn with_check(project: &Project, severity: &str) {
    project.replace(
        AGGREGATE,
        "  - name: shelves\n",
        &format!(
            "    checks:
      - name: at_least_five_copies
        severity: {severity}
        description: A city is not worth its row with less.
        query: SELECT city, copies FROM aggregate.cities WHERE copies < 5
  - name: shelves
"
        ),
    );
}

#[test]
fn an_error_leaves_what_was_there() {
    let project = books::made();
    let before = project.lake();
    with_check(&project, "error");
    let ran = project.fails(1, &["run"]);
    ran.assert_step(
        "2024-03-01 aggregate.cities",
        "FAILED: 1 of its rules broken",
    );
    ran.assert_err("            broken: at_least_five_copies, 1 row");
    ran.assert_err(r#"              {"city":"unknown","copies":4}"#);
    ran.assert_err("kept in _rejected/aggregate/cities/2024-03-01; what was there before stays");
    ran.assert_step(
        "2024-03-01 aggregate.overview",
        "not made: aggregate.cities failed",
    );
    ran.assert_tables("0 made, 3 up to date, 1 failed, 1 not made for that");

    let mut after = project.lake();
    after.retain(|path, _| !path.starts_with("_rejected/"));
    assert_same(&before, &after);
    let refused = project.path(&format!("{REJECTED}/part-00000.parquet"));
    assert_eq!(
        reading::texts(&refused, "city"),
        ["Bergen", "Oslo", "unknown"]
    );
    let rows = project.path(&format!(
        "{REJECTED}/check-check_1_at_least_five_copies.parquet"
    ));
    assert_eq!(
        reading::texts(&rows, "row"),
        [r#"{"city":"unknown","copies":4}"#]
    );

    // Once the rule holds, nothing of it remains.
    project.replace(AGGREGATE, "copies < 5", "copies < 4");
    project.ok(&["run"]);
    assert!(
        !project
            .lake()
            .keys()
            .any(|path| path.starts_with("_rejected/"))
    );
}

#[test]
fn a_table_that_never_was_is_not_there() {
    let project = books::project();
    with_check(&project, "error");
    let ran = project.fails(1, &["run", "--source", "till"]);
    // The second snapshot's cities have 8 and 12 copies, the third's 9.
    ran.assert_tables("16 made, 0 up to date, 1 failed, 1 not made for that");
    assert_eq!(
        project
            .rows("SELECT DISTINCT snapshot_date FROM aggregate.cities ORDER BY 1")
            .len(),
        2
    );
}

#[test]
fn a_warning_is_counted() {
    let project = books::made();
    with_check(&project, "warn");
    let ran = project.ok(&["run"]);
    ran.assert_err(r#"odd: 1 row, at_least_five_copies, such as {"city":"unknown","copies":4}"#);
    ran.assert_tables("2 made, 3 up to date");
    let counts = &project.manifest("aggregate.cities", "2024-03-01")["facts"]["counts"];
    assert_eq!(counts["warning:at_least_five_copies"], 1);
    assert!(
        !project
            .lake()
            .keys()
            .any(|path| path.starts_with("_rejected/"))
    );
}

const RULES: &str = r"stage: aggregate
jobs:
  - name: rules
    description: Every rule that a column can have, broken.
    query: SELECT isbn, title, city, copies FROM normalize.books
    key: [isbn]
    sort: [isbn]
    columns:
      isbn: {type: utf8, description: Name., checks: [{matches: '^b[1-4]$'}]}
      title: {type: utf8, nullable: true, description: Title., checks: [{matches: '^[EFPW]'}]}
      city: {type: utf8, description: City., checks: [{values: [Bergen, Oslo]}, {references: reference.shops.city}]}
      copies: {type: int64, description: Copies., checks: [{min: 2}, {max: 4}, {max: 3, severity: warn}]}
";

#[test]
fn rules_on_columns_all_at_once() {
    let project = books::project();
    project.write("pipelines/aggregate/rules.yaml", RULES);
    let run = [
        "run",
        "--source",
        "till",
        "--dates",
        "2024-03-01",
        "+aggregate.rules",
    ];
    let ran = project.fails(1, &run);
    ran.assert_step(
        "2024-03-01 aggregate.rules",
        "FAILED: 5 of its rules broken",
    );
    for broken in [
        "broken: isbn matches ^b[1-4]$, 1 row",
        "broken: city is one of Bergen, Oslo, 1 row",
        "broken: city is in reference.shops.city, 1 row",
        "broken: copies ≥ 2, 1 row",
        "broken: copies ≤ 4, 1 row",
    ] {
        ran.assert_err(broken);
    }
    // Null is no text that could match, and a title may be null.
    assert!(!ran.err.contains("title matches"), "{ran}");
}

#[test]
fn a_null_where_none_may_be() {
    let project = books::made();
    let before = project.lake();
    project.replace(
        "pipelines/normalize/books.yaml",
        "      title: {type: utf8, nullable: true, description: Its title.}",
        "      title: {type: utf8, description: Its title.}",
    );
    let ran = project.fails(1, &["run"]);
    ran.assert_step(
        "2024-03-01 normalize.books",
        "FAILED: 1 of its rules broken",
    );
    ran.assert_err("broken: title is not null, 1 row");
    ran.assert_err(r#"{"isbn":"b5","city":"unknown","copies":4}"#);
    let mut after = project.lake();
    after.retain(|path, _| !path.starts_with("_rejected/"));
    assert_same(&before, &after);
}

/// What broke the rule can be looked at afterwards.
#[test]
fn a_null_where_none_may_be_is_kept() {
    let project = books::made();
    project.replace(
        "pipelines/normalize/books.yaml",
        "      title: {type: utf8, nullable: true, description: Its title.}",
        "      title: {type: utf8, description: Its title.}",
    );
    project.fails(1, &["run"]);
    let kept: Vec<String> = project
        .lake()
        .into_keys()
        .filter(|path| path.starts_with("_rejected/normalize/books/"))
        .collect();
    assert!(!kept.is_empty(), "nothing in _rejected/");
}

#[test]
fn a_key_that_is_there_twice() {
    for sort in ["[city, isbn]", "[isbn, city]"] {
        let project = books::made();
        project.write(
            "pipelines/aggregate/keys.yaml",
            format!(
                "stage: aggregate
jobs:
  - name: keys
    description: Cities, each as often as it has books.
    query: SELECT city, isbn FROM normalize.books
    key: [city]
    sort: {sort}
    columns:
      city: {{type: utf8, description: Where.}}
      isbn: {{type: utf8, description: What.}}
"
            ),
        );
        let ran = project.fails(1, &["run"]);
        ran.assert_step("2024-03-01 aggregate.keys", "FAILED: 1 of its rules broken");
        // Bergen has three books.
        ran.assert_err("broken: the key (city) is unique, ");
        ran.assert_err(r#"{"city":"Bergen""#);
        ran.assert_tables("0 made, 5 up to date, 1 failed");
    }
}

#[test]
fn a_check_of_a_reference_table_is_a_mistake_of_the_project() {
    let project = books::made();
    let shops = "pipelines/reference/shops.yaml";
    project.replace(
        shops,
        "  - name: genres\n",
        "    checks:\n      - {name: known_cities, query: \"SELECT shop, city FROM reference.shops WHERE city = 'Atlantis'\"}\n  - name: genres\n",
    );
    project.ok(&["check"]);
    project.replace("data/reference/shops.csv", "south,Oslo,", "south,Atlantis,");
    let ran = project.fails(3, &["run"]);
    ran.assert_err("data/reference/shops.csv:4: a row breaks `known_cities`");
    ran.assert_err("4 | south,Atlantis,\n");
    project.replace("data/reference/shops.csv", "south,Atlantis,", "north,Oslo,");
    let ran = project.fails(3, &["check"]);
    ran.assert_err("the key (shop) is unique");
}
