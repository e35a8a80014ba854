//! Which tables are meant, and what the lake has of them.

use std::io::Write as _;
use std::process::Stdio;

use crate::books::{self, DATES};
use crate::harness::{Project, Ran, assert_same};

/// The tables that selectors mean, as a plan of an empty lake has them.
fn selected(project: &Project, selectors: &[&str]) -> Vec<String> {
    let mut args = vec!["plan", "--source", "till", "--dates", DATES[0]];
    args.extend(selectors);
    let plan = project.hubcensus(&args);
    plan.planned()
        .into_iter()
        .map(|(head, _)| head.replace("2024-03-01 ", ""))
        .collect()
}

#[test]
fn selectors() {
    let project = books::project();
    let selected = |selectors: &[&str]| selected(&project, selectors);
    assert_eq!(
        selected(&["+aggregate.cities"]),
        ["ingest.books", "normalize.books", "aggregate.cities"]
    );
    assert_eq!(
        selected(&["normalize.shelves+"]),
        [
            "normalize.shelves",
            "aggregate.shelves",
            "aggregate.overview"
        ]
    );
    assert_eq!(
        selected(&["+normalize.shelves+"]),
        [
            "ingest.books",
            "normalize.shelves",
            "aggregate.shelves",
            "aggregate.overview"
        ]
    );
    let aggregates = [
        "aggregate.cities",
        "aggregate.shelves",
        "aggregate.overview",
    ];
    assert_eq!(selected(&["aggregate"]), aggregates);
    assert_eq!(selected(&["aggregate.*"]), aggregates);
    assert_eq!(selected(&["*.books"]), ["ingest.books", "normalize.books"]);
    assert_eq!(
        selected(&["*.s*"]),
        ["normalize.shelves", "aggregate.shelves"]
    );
    assert_eq!(
        selected(&["aggregate.overview", "ingest"]),
        ["ingest.books", "aggregate.overview"]
    );
    assert_eq!(selected(&[]).len(), 6);
}

#[test]
fn a_selector_that_means_nothing() {
    let project = books::project();
    let ran = project.hubcensus(&["run", "agregate.cities"]);
    assert!(ran.code == 1 || ran.code == 2, "{ran}");
    ran.assert_err("`agregate.cities` selects no table");
    ran.assert_err("did you mean `aggregate.cities`?");
    let ran = project.hubcensus(&["run", "--source", "tlil"]);
    assert!(ran.code == 1 || ran.code == 2, "{ran}");
    ran.assert_err("no source `tlil`, did you mean `till`?");
}

#[test]
fn only_what_is_selected_is_made() {
    let project = books::project();
    let run = [
        "run",
        "--source",
        "till",
        "--dates",
        DATES[0],
        "+aggregate.cities",
    ];
    let ran = project.ok(&run);
    ran.assert_tables("3 made, 0 up to date");
    // What it is made from is not selected, and not there.
    let ran = project.fails(1, &["run", "aggregate.shelves"]);
    ran.assert_err(
        "normalize.shelves has no snapshot of 2024-03-01; select it too (`+aggregate.shelves`)",
    );
    project
        .ok(&["run", "+aggregate.shelves"])
        .assert_tables("2 made, 0 up to date");
}

fn lines(ran: &Ran) -> Vec<String> {
    ran.out
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

#[test]
fn show() {
    let project = books::project();
    project.ok(&["run", "--source", "till"]);
    let shown = lines(&project.ok(&["show", "aggregate.cities", "--date", DATES[0], "-n", "2"]));
    assert_eq!(shown[0], "city books copies");
    assert_eq!(
        shown[2..],
        [
            "Bergen 3 6",
            "Oslo 1 5",
            "2 of 3 rows, aggregate.cities of 2024-03-01"
        ]
    );
    // Without a date the latest, and a table by its last name where that says which.
    let shown = lines(&project.ok(&["show", "cities"]));
    assert_eq!(
        shown[2..],
        ["Oslo 1 9", "1 of 1 rows, cities of 2024-03-03"]
    );
    let csv = project.ok(&[
        "show", "cities", "--date", DATES[0], "--where", "copies=5", "--format", "csv",
    ]);
    assert_eq!(csv.out, "city,books,copies\nOslo,1,5\n");
    let json = project.ok(&[
        "show",
        "ingest.books",
        "--date",
        DATES[0],
        "--where",
        "isbn=b4",
        "--format",
        "json",
    ]);
    let row: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(
        (&row["title"], &row["price"]),
        (&"World".into(), &30.0.into())
    );
    // Reference tables have no date.
    let shown = lines(&project.ok(&["show", "shops", "--where", "city=Oslo"]));
    assert_eq!(shown[2..], ["south Oslo –", "1 of 1 rows"]);
}

#[test]
fn what_cannot_be_shown() {
    let project = books::made();
    for (args, says) in [
        (
            &["show", "books"][..],
            "no table `books`; there are ingest.books, normalize.books",
        ),
        (
            &["show", "aggregate.citis"],
            "did you mean `aggregate.cities`?",
        ),
        (
            &["show", "cities", "--where", "town=Oslo"],
            "no column `town`",
        ),
        (
            &["show", "cities", "--where", "books=many"],
            "`many` is no int64",
        ),
        (
            &["show", "cities", "--date", "2023-01-01"],
            "aggregate.cities has no snapshot of 2023-01-01",
        ),
        (
            &["tables", "aggregate.citis"],
            "did you mean `aggregate.cities`?",
        ),
    ] {
        project.fails(1, args).assert_err(says);
    }
    let ingested = books::project();
    ingested.ok(&["run", "--source", "till", "ingest"]);
    ingested
        .fails(1, &["show", "cities"])
        .assert_err("`hubcensus run +aggregate.cities` makes one");
}

#[test]
fn query() {
    let project = books::project();
    project.ok(&["run", "--source", "till"]);
    let sql = "SELECT c.snapshot_date, s.shop, c.copies FROM aggregate.cities c \
               JOIN reference.shops s ON s.city = c.city WHERE s.shop <> 'north' ORDER BY 1, 2";
    let csv = project.ok(&["query", sql, "--format", "csv"]);
    assert_eq!(
        csv.out,
        "snapshot_date,shop,copies\n2024-03-01,harbour,6\n2024-03-01,south,5\n2024-03-02,harbour,8\n\
         2024-03-02,south,12\n2024-03-03,south,9\n"
    );
    let json = project.ok(&[
        "query",
        "SELECT isbn, title FROM ingest.books WHERE isbn = 'b5'",
        "--format",
        "json",
    ]);
    assert_eq!(json.out, "{\"isbn\":\"b5\"}\n");
    let table = lines(&project.ok(&["query", "SELECT sum(copies) AS copies FROM cities"]));
    assert_eq!(table[2], "44");
    let quoted = project.ok(&["query", "SELECT 'a,\"b\"' AS text", "--format", "csv"]);
    assert_eq!(quoted.out, "text\n\"a,\"\"b\"\"\"\n");

    let mut typed = project.command(&["query", "-", "--format", "csv"]);
    let mut typed = typed.stdin(Stdio::piped()).spawn().unwrap();
    typed
        .stdin
        .take()
        .unwrap()
        .write_all(b"SELECT count(*) AS n FROM ingest.books")
        .unwrap();
    assert_eq!(Ran::of(typed.wait_with_output().unwrap()).out, "n\n8\n");
}

/// Of a table that was never made there are no rows.
#[test]
fn query_of_what_is_not_there() {
    let project = books::project();
    project.ok(&["run", "--source", "till", "ingest"]);
    assert_eq!(
        project.rows("SELECT count(*) AS n FROM aggregate.cities"),
        ["0"]
    );
    assert_eq!(
        project.rows("SELECT city FROM aggregate.cities ORDER BY city"),
        [""; 0]
    );
}

#[test]
fn a_query_may_only_read() {
    let project = books::made();
    let before = project.files("lake");
    for sql in [
        "INSERT INTO aggregate.cities SELECT * FROM aggregate.cities",
        "DELETE FROM aggregate.cities",
        "DROP TABLE aggregate.cities",
        "CREATE TABLE mine AS SELECT 1",
        "COPY aggregate.cities TO 'stolen.parquet'",
        "SET datafusion.execution.batch_size = 1",
        "EXPLAIN SELECT 1",
    ] {
        let verb = sql.split(' ').next().unwrap_or_default();
        project
            .fails(1, &["query", sql])
            .assert_err(&format!("`{verb}` is not a query"));
    }
    project
        .fails(1, &["query", "SELECT 1; SELECT 2"])
        .assert_err("expected one query");
    let hidden = "WITH x AS (INSERT INTO aggregate.cities SELECT * FROM aggregate.cities) SELECT 1";
    project.fails(1, &["query", hidden]);
    project
        .fails(1, &["query", "SELECT * FROM '/etc/passwd'"])
        .assert_err("no table `/etc/passwd`");
    project
        .fails(1, &["query", "SELECT town FROM cities"])
        .assert_err("error[sql]: no column `town`");
    assert_same(&before, &project.files("lake"));
    assert!(!project.path("stolen.parquet").exists());
}

#[test]
fn tables() {
    let project = books::project();
    project.ok(&["run", "--source", "till"]);
    let listed = lines(&project.ok(&["tables"]));
    assert!(
        listed.contains(&"reference.shops Shops and their cities.".to_owned()),
        "{listed:?}"
    );
    let cities = "aggregate.cities 2024-03-01 … 2024-03-03 (3) 1 Copies by city.";
    assert!(listed.contains(&cities.to_owned()), "{listed:?}");
    // The first sentence is enough in a list.
    assert!(
        listed
            .iter()
            .any(|line| line.ends_with("Books that a shop has.")),
        "{listed:?}"
    );
    let one = project.ok(&["tables", "ingest.books"]);
    one.assert_out("Books that a shop has. More of them.");
    one.assert_out("one row for each: isbn");
    let one = lines(&one);
    assert!(
        one.contains(&"printed date32 yes When.".to_owned()),
        "{one:?}"
    );
    assert!(
        one.iter()
            .any(|line| line.starts_with("2024-03-01 5 rows, ") && line.ends_with(", from till")),
        "{one:?}"
    );
}
