//! Which tables are meant, and what the lake has of them.

use std::io::Write as _;
use std::process::Stdio;

use crate::books::{self, DATES};
use crate::harness::{Project, Ran};

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
            "2 of 3 rows; aggregate.cities of 2024-03-01, from till"
        ]
    );
    // Without a date the latest, and a table by its last name where that says which.
    let shown = lines(&project.ok(&["show", "cities"]));
    assert_eq!(
        shown[2..],
        [
            "Oslo 1 9",
            "1 of 1 row; aggregate.cities of 2024-03-03, from till"
        ]
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
    assert_eq!(shown[2..], ["south Oslo –", "1 of 1 row; reference.shops"]);
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
            "`many` is no int64, which books is",
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
    let empty = books::project();
    empty
        .fails(1, &["show", "cities"])
        .assert_err("there is no lake at lake");
    empty.ok(&["run", "--source", "till", "--dates", DATES[0], "ingest"]);
    empty
        .fails(1, &["show", "cities"])
        .assert_err("`hubcensus run +aggregate.cities` makes one");
}

#[test]
fn query() {
    let project = books::project();
    project.ok(&["run", "--source", "till"]);
    let sql = "SELECT c.snapshot_date, s.shop, c.copies FROM aggregate.cities c \
               JOIN reference.shops s ON s.city = c.city WHERE s.shop <> 'north' ORDER BY 1, 2";
    let csv = project.ok(&["query", sql, "--dates", "all", "--format", "csv"]);
    assert_eq!(
        csv.err,
        "aggregate.cities of 3 snapshots, 2024-03-01 to 2024-03-03; reference.shops, from till\n"
    );
    assert_eq!(
        csv.out,
        "snapshot_date,shop,copies\n2024-03-01,harbour,6\n2024-03-01,south,5\n2024-03-02,harbour,8\n\
         2024-03-02,south,12\n2024-03-03,south,9\n"
    );
    let json = project.ok(&[
        "query",
        "--dates",
        DATES[0],
        "SELECT isbn, title FROM ingest.books WHERE isbn = 'b5'",
        "--format",
        "json",
    ]);
    assert_eq!(json.out, "{\"isbn\":\"b5\"}\n");
    // The latest snapshot, unless more are asked for: 9 copies, not 44.
    let sum = "SELECT sum(copies) AS copies FROM cities";
    for (dates, copies, of) in [
        (&[][..], "9", "2024-03-03"),
        (&["--dates", "latest"], "9", "2024-03-03"),
        (&["--dates", "2024-03-02"], "20", "2024-03-02"),
        (
            &["--dates", "all"],
            "44",
            "3 snapshots, 2024-03-01 to 2024-03-03",
        ),
        (
            &["--dates", "2024-03-01,2024-03-03,2024-05-01"],
            "24",
            "2 snapshots, 2024-03-01 to 2024-03-03",
        ),
    ] {
        let mut args = vec!["query", sum];
        args.extend(dates);
        assert_eq!(
            lines(&project.ok(&args))[2..],
            [
                copies.to_owned(),
                format!("1 row; aggregate.cities of {of}, from till")
            ]
        );
    }
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
    assert_eq!(Ran::of(typed.wait_with_output().unwrap()).out, "n\n1\n");
}

/// A table that was never made has no rows to count.
#[test]
fn query_of_what_is_not_there() {
    let project = books::project();
    project
        .fails(1, &["query", "SELECT count(*) AS n FROM aggregate.cities"])
        .assert_err("there is no lake at lake");
    project.ok(&[
        "run",
        "--source",
        "till",
        "--dates",
        DATES[0],
        "+aggregate.shelves",
    ]);
    project
        .fails(1, &["query", "SELECT count(*) AS n FROM aggregate.cities"])
        .assert_err("has no snapshot of aggregate.cities yet; `hubcensus run +aggregate.cities`");
    let project = books::made();
    let sql = "SELECT count(*) AS n FROM aggregate.cities";
    project
        .fails(1, &["query", sql, "--dates", "2023-01-01"])
        .assert_err("aggregate.cities has no snapshot of 2023-01-01 in ");
}

/// What is lost or damaged is left out, said, and not well.
#[test]
fn query_and_show_say_what_they_leave_out() {
    let project = books::project();
    project.ok(&["run", "--source", "till"]);
    project.remove("lake/aggregate/cities/snapshot_date=2024-03-02/part-00000.parquet");
    project.write(
        "lake/aggregate/cities/snapshot_date=2024-03-03/part-00000.parquet",
        "PAR1 no more",
    );
    let sum = [
        "query",
        "SELECT sum(copies) AS n FROM cities",
        "--format",
        "csv",
    ];
    for args in [
        &sum[..],
        &["show", "cities"],
        &["show", "cities", "--date", "2024-03-02"],
    ] {
        let ran = project.fails(1, args);
        assert_eq!(ran.out, "");
        ran.assert_err("aggregate.cities of 2024-03-0");
        ran.assert_err("its file ");
    }
    let mut all = sum.to_vec();
    all.extend(["--dates", "all"]);
    let ran = project.fails(1, &all);
    assert_eq!(ran.out, "n\n15\n");
    ran.assert_err("error: aggregate.cities of 2024-03-02: its file is missing; it was left out");
    ran.assert_err("error: aggregate.cities of 2024-03-03: its file has 12 bytes instead of ");
}

/// A mistake in a query is underlined where it is, and told once.
#[test]
fn a_mistake_in_a_query() {
    let project = books::made();
    let ran = project.fails(1, &["query", "SELECT city,\n  copis\nFROM cities"]);
    assert!(ran.err.starts_with("error[sql]: "), "{ran}");
    ran.assert_err("<query>:2:3");
    ran.assert_err("  copis\n  |   ^^^^^ not known here");
    ran.assert_err("copies");
}

/// What is made wins over a reference table of the same name, for every verb.
#[test]
fn a_bare_name_means_what_is_made() {
    let project = books::project();
    project.write(
        "pipelines/reference/cities.yaml",
        "stage: reference
tables:
  - name: cities
    description: Cities by hand.
    file: data/reference/cities.csv
    key: [city]
    columns:
      city: {type: utf8, description: Its name.}
",
    );
    project.write("data/reference/cities.csv", "city\nOslo\n");
    project.ok(&["run", "--source", "till"]);
    assert_eq!(
        lines(&project.ok(&["show", "cities"]))[0],
        "city books copies"
    );
    assert_eq!(
        lines(&project.ok(&["query", "SELECT copies FROM cities"]))[2],
        "9"
    );
    assert_eq!(
        project.ok(&["tables", "cities"]).out.lines().next(),
        Some("aggregate.cities")
    );
    assert_eq!(
        lines(&project.ok(&["show", "reference.cities"]))[2..],
        ["Oslo", "1 of 1 row; reference.cities"]
    );
}

#[test]
fn show_answers_questions() {
    let project = books::project();
    project.ok(&["run", "--source", "till"]);
    let rows = |args: &[&str]| -> Vec<String> {
        let mut all = vec!["show", "--format", "csv"];
        all.extend(args);
        let ran = project.ok(&all);
        ran.out.lines().map(str::to_owned).collect()
    };
    let day = ["--date", DATES[0]];
    let of_day = |args: &[&str]| rows(&[&["cities"], &day[..], args].concat());
    assert_eq!(
        of_day(&["--columns", "copies,city", "--sort", "-copies"]),
        ["copies,city", "6,Bergen", "5,Oslo", "4,unknown"]
    );
    assert_eq!(of_day(&["--where", "copies>4"]).len(), 3);
    assert_eq!(
        of_day(&["--where", "copies <= 4"]),
        ["city,books,copies", "unknown,1,4"]
    );
    assert_eq!(
        of_day(&["--where", "city!=Oslo", "--where", "city!=unknown"]).len(),
        2
    );
    assert_eq!(
        of_day(&["--where", "city like %LO"]),
        ["city,books,copies", "Oslo,1,5"]
    );
    assert_eq!(of_day(&["-n", "all"]).len(), 4);
    // What has no value is unlike any.
    assert_eq!(
        rows(&[
            "ingest.books",
            "--date",
            DATES[0],
            "--where",
            "shop!=north",
            "--columns",
            "isbn"
        ]),
        ["isbn", "b3", "b4", "b5"]
    );
    assert_eq!(
        rows(&["cities", "--date", "all", "--where", "city=Oslo"]),
        [
            "snapshot_date,city,books,copies",
            "2024-03-01,Oslo,1,5",
            "2024-03-02,Oslo,1,12",
            "2024-03-03,Oslo,1,9",
        ]
    );
    for (args, says) in [
        (
            ["show", "cities", "--where", "city=oslo"],
            "did you mean `Oslo`?",
        ),
        (
            ["show", "cities", "--where", "city=Osslo"],
            "did you mean `Oslo`?",
        ),
        (
            ["show", "cities", "--where", "city=South"],
            "reference.shops has shop `south` of city `Oslo`",
        ),
        (
            ["show", "cities", "--where", "city=Xyzzyxyzzy"],
            "there are Oslo",
        ),
    ] {
        let ran = project.ok(&args);
        ran.assert_err(says);
        ran.assert_out("0 of 0 rows");
    }
    project
        .fails(2, &["show", "cities", "-n", "some"])
        .assert_err("expected a number of rows, or `all`");
    project
        .fails(1, &["show", "cities", "--where", "copies like 1%"])
        .assert_err("`like` compares text, and copies is int64");
}

/// Rows that were set aside can be looked at, those of a date that failed too.
#[test]
fn show_rejected() {
    let project = books::project();
    let bad = r#"{"isbn":"x1","copies":-3}"#;
    project.write(
        "data/till_2024-03-01.jsonl",
        format!("{}{bad}\n", books::MARCH_1),
    );
    let run = project.plain(&["run", "--source", "till", "--dates", DATES[0]]);
    run.assert_err(
        "set aside: 1 row of ingest.books: negative_copies 1; `hubcensus show ingest.books \
         --rejected --date 2024-03-01`",
    );
    let other = [
        "run", "--source", "till", "--dates", DATES[0], "--lake", "other",
    ];
    let run = project.plain(&other);
    run.assert_err("show ingest.books --rejected --date 2024-03-01 --lake other`");
    let show = ["show", "ingest.books", "--rejected"];
    let shown = project.ok(&show);
    shown.assert_out("negative_copies");
    shown.assert_out("1 of 1 row set aside; ingest.books of 2024-03-01");
    let args = [
        &show[..],
        &["--format", "csv", "--columns", "file,row,reason"],
    ]
    .concat();
    assert_eq!(
        project.ok(&args).out,
        "file,row,reason\ntill_2024-03-01.jsonl,6,negative_copies\n"
    );
    project
        .fails(1, &["show", "cities", "--rejected"])
        .assert_err("no set-aside rows of aggregate.cities");
}

#[test]
fn tables() {
    let project = books::project();
    project.ok(&["run", "--source", "till"]);
    let listed = |args: &[&str]| -> Vec<String> {
        let shown = lines(&project.ok(args)).into_iter();
        let rule = |line: String| line.replace("──", "─");
        shown
            .map(|mut line| {
                while line.contains("──") {
                    line = rule(line);
                }
                line
            })
            .collect()
    };
    let all = listed(&["tables"]);
    assert_eq!(
        all,
        [
            "table rows what a row is",
            "─",
            "reference.genres 3 Genres and their shelves.",
            "reference.shops 3 Shops and their cities.",
            "",
            "table rows latest (snapshots) what a row is",
            "─",
            // The first sentence is enough in a list.
            "ingest.books 1 2024-03-03 (3) Books that a shop has.",
            "",
            "latest (snapshots) 2024-03-03 (3)",
            "",
            "table rows what a row is",
            "─",
            "normalize.books 1 Books with the city of their shop.",
            "normalize.shelves 1 Books with their shelf.",
            "",
            "latest (snapshots) 2024-03-03 (3)",
            "",
            "table rows what a row is",
            "─",
            "aggregate.cities 1 Copies by city.",
            "aggregate.overview 2 What there is.",
            "aggregate.shelves 1 Copies by shelf.",
        ]
    );
    assert_eq!(listed(&["tables", "aggregate"]), all[16..]);
    let one = project.ok(&["tables", "ingest.books"]);
    one.assert_out("Books that a shop has. More of them.");
    one.assert_out("one row for each: isbn");
    let one = lines(&one);
    for line in [
        "printed date32 yes When.",
        "defined in: pipelines/ingest/books.yaml",
        "sources: till",
        "read by: normalize.books, normalize.shelves",
    ] {
        assert!(one.contains(&line.to_owned()), "{line}: {one:#?}");
    }
    assert!(
        one.iter()
            .any(|line| line.starts_with("2024-03-01 5 rows, ") && line.ends_with(", from till")),
        "{one:?}"
    );
    let cities = project.ok(&["tables", "cities"]);
    cities.assert_out("made from: normalize.books\n");
    cities.assert_out("read by: aggregate.overview\n");
    cities.assert_out("    FROM normalize.books GROUP BY city HAVING sum(copies) >= $least");
    project
        .ok(&["tables", "shops"])
        .assert_out("its rows are in: data/reference/shops.csv");
}

#[test]
fn sources() {
    let project = books::project();
    project.ok(&["sources"]).assert_out(
        "till\n  What the tills say.\n  census; licence: not stated\n  \
         ndjson from data/till_{date}.jsonl into ingest.books\n",
    );
    assert!(lines(&project.ok(&["sources", "till"])).contains(&"copies int64".to_owned()));
    project
        .fails(1, &["sources", "tlil"])
        .assert_err("no source `tlil`; did you mean `till`?");
}
