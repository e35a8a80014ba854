//! SQL that a pipeline may not have, and queries with several mistakes.

use crate::books;
use crate::harness::Project;
use crate::mistakes::told;

const FILE: &str = "pipelines/aggregate/one.yaml";

/// A project with one job more, whose query begins on line 5 at column 7.
fn with_job(query: &str) -> Project {
    let project = books::project();
    let query = query.replace('\n', "\n      ");
    project.write(
        FILE,
        format!(
            "stage: aggregate
jobs:
  - name: one
    query: |
      {query}
    description: One.
    key: [isbn]
    sort: [isbn]
    columns:
      isbn: {{type: utf8, description: What names a book.}}
      n: {{type: int64, nullable: true, description: How many.}}
"
        ),
    );
    project
}

/// What is told of a job with this query: code and place.
#[track_caller]
fn mistakes(query: &str, expected: &[(&str, &str)]) -> crate::harness::Ran {
    let ran = with_job(query).fails(3, &["check"]);
    let expected: Vec<(String, String)> = expected
        .iter()
        .map(|(code, place)| ((*code).to_owned(), format!("{FILE}:{place}")))
        .collect();
    assert_eq!(told(&ran), expected, "{query}\n{ran}");
    ran
}

#[test]
fn several_mistakes_of_one_query_are_told_at_once() {
    let ran = mistakes(
        "SELECT isbm AS isbn, copis AS n FROM ingest.books",
        &[("sql", "5:14"), ("sql", "5:28")],
    );
    ran.assert_err("did you mean `isbn`?");
    ran.assert_err("did you mean `copies`?");
    mistakes(
        "SELECT isbn, sum(copis) AS n\nFROM ingest.books\nWHERE titel IS NULL AND pric > 1\nGROUP BY isbn",
        &[("sql", "5:24"), ("sql", "7:13"), ("sql", "7:31")],
    );
    let ran = mistakes(
        "SELECT uper(isbn) AS isbn, cont(copies) AS n FROM ingest.books GROUP BY isbn",
        &[("sql", "5:14"), ("sql", "5:34")],
    );
    ran.assert_err("did you mean `upper`?");
    ran.assert_err("did you mean `count`?");
    // A name that is not there, and a type that is another: of a column, and of
    // an argument.
    mistakes(
        "SELECT length(isbn) AS isbn, copis AS n FROM ingest.books",
        &[("wrong-type", "5:30"), ("sql", "5:36")],
    );
    let ran = mistakes(
        "SELECT isbn, sum(title) AS n FROM ingest.books\nWHERE titel = '' GROUP BY isbn",
        &[("sql", "5:20"), ("sql", "6:13")],
    );
    ran.assert_err("the function takes no arguments of these types");
    // A table, a parameter and a function beside each other.
    mistakes(
        "SELECT isbn, now() AS m, $leest AS n FROM ingest.boks",
        &[
            ("volatile-sql", "5:20"),
            ("unknown-parameter", "5:32"),
            ("unknown-table", "5:49"),
        ],
    );
}

/// Mistakes of one kind at one place are as many as their messages.
#[test]
fn several_mistakes_at_one_place() {
    let ran = mistakes(
        "SELECT copies FROM ingest.books",
        &[
            ("missing-column", "5:7"),
            ("missing-column", "5:7"),
            ("extra-column", "5:14"),
        ],
    );
    ran.assert_err("gives no column `isbn`");
    ran.assert_err("gives no column `n`");
}

/// The jobs of a matrix share their places: each mistake is told once.
#[test]
fn the_mistakes_of_a_matrix() {
    let project = books::project();
    project.write(
        FILE,
        "stage: aggregate
jobs:
  - name: by_{what}
    matrix: {what: [shop, genre, title]}
    query: |
      SELECT {what}, sum(copis) AS copies
      FROM ingest.books WHERE pric > 1 GROUP BY {what}
    description: Copies by {what}.
    key: ['{what}']
    sort: ['{what}']
    columns:
      '{what}': {type: utf8, nullable: true, description: What.}
      copies: {type: int64, description: How many.}
",
    );
    let ran = project.fails(3, &["check"]);
    let at = |place: &str| ("sql".to_owned(), format!("{FILE}:{place}"));
    assert_eq!(told(&ran), [at("6:26"), at("7:31")], "{ran}");
}

/// What follows from a mistake is not told.
#[test]
fn one_mistake_is_one() {
    for (query, place) in [
        ("SELECT isbm, copies AS n FROM ingest.books", "5:14"),
        ("SELECT isbn, copis + 1 AS n FROM ingest.books", "5:20"),
        ("SELECT isbn, upper(copis) AS n FROM ingest.books", "5:26"),
        (
            "SELECT isbn, cont(*) AS n FROM ingest.books GROUP BY isbn",
            "5:20",
        ),
        (
            "WITH a AS (SELECT isbn, copis AS n FROM ingest.books) SELECT isbn, sum(n) AS n FROM a GROUP BY isbn",
            "5:31",
        ),
        (
            "SELECT isbn, copies + title AS n FROM ingest.books WHERE x.isbn = isbn",
            "5:64",
        ),
    ] {
        let ran = with_job(query).fails(3, &["check"]);
        let at = told(&ran);
        assert!(
            at.contains(&("sql".to_owned(), format!("{FILE}:{place}"))),
            "{query}\n{ran}"
        );
        assert!(at.len() == 1 || query.contains("x.isbn"), "{query}\n{ran}");
    }
}

#[test]
fn a_job_sees_one_date() {
    let ran = mistakes(
        "SELECT isbn, date_part('day', snapshot_date) AS n FROM ingest.books",
        &[("sql", "5:37")],
    );
    ran.assert_err("whose date is `$snapshot_date`");
    ran.assert_err("history: {stage.table: previous}");
}

#[test]
fn what_changes_from_run_to_run() {
    for (expression, width) in [
        ("random()", 6),
        ("uuid()", 4),
        ("now()", 3),
        ("current_date()", 12),
        ("CURRENT_DATE", 12),
        ("current_timestamp", 17),
        ("current_timestamp()", 17),
        ("current_time", 12),
        ("today()", 5),
    ] {
        let ran = mistakes(
            &format!("SELECT isbn, copies AS n FROM ingest.books\nWHERE {expression} IS NOT NULL"),
            &[("volatile-sql", "6:13")],
        );
        ran.assert_err(&format!(
            "\n  |             {} another value each time\n",
            "^".repeat(width)
        ));
    }
    let ran = mistakes(
        "SELECT isbn, copies AS n FROM ingest.books\nTABLESAMPLE (10 PERCENT)",
        &[("volatile-sql", "6:7")],
    );
    ran.assert_err("picks rows at random");
    // In a subquery, a check, a source and a rule that sets rows aside.
    mistakes(
        "WITH a AS (SELECT isbn, (SELECT random() > 1) AS x, copies AS n FROM ingest.books)\nSELECT isbn, n FROM a",
        &[("volatile-sql", "5:39")],
    );
    let project = books::project();
    let ingest = "pipelines/ingest/books.yaml";
    project.replace(ingest, "WHERE price = 0", "WHERE price < random()");
    project.replace(ingest, "where: copies < 0", "where: printed > now()");
    project.replace(
        ingest,
        "price, printed FROM",
        "random() AS price, printed FROM",
    );
    let ran = project.fails(3, &["check"]);
    let codes: Vec<String> = told(&ran).into_iter().map(|(code, _)| code).collect();
    assert_eq!(codes, ["volatile-sql"; 3], "{ran}");
    ran.assert_err("`$snapshot_date` is the date of the snapshot");
}

#[test]
fn writing_is_refused_at_any_depth() {
    for (query, place) in [
        ("SELECT isbn, 1 AS n INTO mine FROM ingest.books", "5:27"),
        (
            "WITH a AS (SELECT isbn INTO mine FROM ingest.books)\nSELECT isbn, 1 AS n FROM a",
            "5:30",
        ),
        (
            "SELECT isbn, 1 AS n FROM ingest.books WHERE isbn IN (\n  SELECT isbn INTO mine FROM ingest.books)",
            "6:21",
        ),
        (
            "SELECT isbn, 1 AS n FROM (SELECT * INTO mine FROM ingest.books) a",
            "5:42",
        ),
        (
            "WITH a AS (INSERT INTO ingest.books VALUES ('x'))\nSELECT isbn, 1 AS n FROM ingest.books",
            "5:18",
        ),
        (
            "WITH a AS (DELETE FROM ingest.books)\nSELECT isbn, 1 AS n FROM ingest.books",
            "5:18",
        ),
        (
            "WITH a AS (UPDATE ingest.books SET isbn = 'x')\nSELECT isbn, 1 AS n FROM ingest.books",
            "5:18",
        ),
    ] {
        let ran = with_job(query).fails(3, &["check"]);
        assert_eq!(
            told(&ran),
            [("sql-may-only-read".to_owned(), format!("{FILE}:{place}"))],
            "{query}\n{ran}"
        );
        let query = query.replace("ingest.books", "books");
        books::project()
            .fails(1, &["query", &query])
            .assert_err("may only read");
    }
    let copy = "WITH a AS (COPY ingest.books TO 'x') SELECT isbn, 1 AS n FROM ingest.books";
    with_job(copy).fails(3, &["check"]);
}

#[test]
fn what_is_too_deep_to_plan() {
    let sum = format!("{}1", "1 + ".repeat(8_000));
    let boolean = format!("{}true", "isbn = 'a' OR ".repeat(8_000));
    let union = "SELECT isbn, 1 AS n FROM ingest.books UNION ALL ".repeat(2_000);
    for query in [
        format!("SELECT isbn, {sum} AS n FROM ingest.books"),
        format!("SELECT isbn, copies AS n FROM ingest.books WHERE {boolean}"),
        format!("{union}SELECT isbn, 1 AS n FROM ingest.books"),
        format!(
            "SELECT isbn, {}1{} AS n FROM ingest.books",
            "(".repeat(100),
            ")".repeat(100)
        ),
    ] {
        let ran = with_job(&query).fails(3, &["check"]);
        let told = told(&ran);
        assert_eq!(told.len(), 1, "{ran}");
        assert_eq!(told[0].0, "sql-too-deep", "{ran}");
        assert!(told[0].1.starts_with(&format!("{FILE}:5:")), "{ran}");
    }
    let project = books::project();
    let ran = project.fails(1, &["query", &format!("SELECT {sum}")]);
    ran.assert_err("error[sql-too-deep]");
    project.replace(
        "pipelines/ingest/books.yaml",
        "where: copies < 0",
        &format!("where: 'copies < {sum}'"),
    );
    project
        .fails(3, &["check"])
        .assert_err("error[sql-too-deep]");
}

/// What is as deep as may be is planned and run, on threads with small stacks.
#[test]
fn what_is_nearly_too_deep_is_run() {
    let run = |query: &str| {
        let project = with_job(query);
        project.ok(&[
            "run",
            "--source",
            "till",
            "--dates",
            "2024-03-01",
            "ingest",
            "aggregate.one",
        ]);
        project.rows("SELECT isbn, n FROM aggregate.one ORDER BY isbn")
    };
    let sum = "copies + ".repeat(200);
    let rows = run(&format!("SELECT isbn, {sum}1 AS n FROM ingest.books"));
    assert_eq!(rows, ["b1,601", "b2,401", "b3,1001", "b4,201", "b5,801"]);
    let any = "isbn = 'b1' OR ".repeat(99);
    let rows = run(&format!(
        "SELECT isbn, 1 AS n FROM ingest.books WHERE {any}copies > 4"
    ));
    assert_eq!(rows, ["b1,1", "b3,1"]);
    let nested = format!("{}copies{}", "abs(".repeat(35), ")".repeat(35));
    let union = "SELECT isbn, 1 AS n FROM ingest.books UNION ALL ".repeat(98);
    let rows = run(&format!(
        "SELECT isbn, CAST(sum(n) AS BIGINT) AS n FROM (\n{union}\nSELECT isbn, {nested} AS n FROM ingest.books\n) GROUP BY isbn"
    ));
    assert_eq!(rows, ["b1,101", "b2,100", "b3,103", "b4,99", "b5,102"]);
    let joins = " LEFT JOIN reference.shops s ON s.shop = b.shop".to_owned();
    let joins: String = (0..99)
        .map(|n| joins.replace(" s ON s.", &format!(" s{n} ON s{n}.")))
        .collect();
    let rows = run(&format!(
        "SELECT isbn, copies AS n FROM ingest.books b{joins}"
    ));
    assert_eq!(rows, ["b1,3", "b2,2", "b3,5", "b4,1", "b5,4"]);
}

#[test]
fn mistakes_of_a_query_by_hand() {
    let project = books::made();
    let ran = project.fails(
        1,
        &[
            "query",
            "SELECT nam,\n  cont(copis)\nFROM ingest.books WHERE titel = ''",
        ],
    );
    assert_eq!(
        told(&ran),
        [
            ("sql".to_owned(), "<query>:1:8".to_owned()),
            ("sql".to_owned(), "<query>:2:3".to_owned()),
            ("sql".to_owned(), "<query>:2:8".to_owned()),
            ("sql".to_owned(), "<query>:3:25".to_owned()),
        ],
        "{ran}"
    );
    ran.assert_err("2 |   cont(copis)\n  |   ^^^^ not known here\n");
    ran.assert_err("did you mean `count`?");
    assert!(!ran.err.contains("error: error"), "{ran}");
    for (statement, help) in [
        ("SHOW TABLES", "`hubcensus tables` lists the tables"),
        (
            "DESCRIBE books",
            "`hubcensus tables stage.table` shows a table's columns",
        ),
        (
            "SELECT * FROM information_schema.tables",
            "`hubcensus tables` lists the tables",
        ),
    ] {
        project.fails(1, &["query", statement]).assert_err(help);
    }
    project
        .fails(1, &["query", "SELECT $day"])
        .assert_err("error[unknown-parameter]: no parameter `$day`");
    // What is another each time may be asked by hand.
    project.ok(&["query", "SELECT now() > $snapshot_date"]);
}
