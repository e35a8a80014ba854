//! What a person sees: nothing that steers the terminal, no number cut, and the
//! summary.

use crate::books;
use crate::harness::{Project, Ran, assert_same};
use crate::reading;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Names come from strangers; they steer no terminal.
#[test]
fn what_would_steer_a_terminal_is_written_out() {
    let project = books::project();
    let title = r"\u001b[2J\u001b]0;mine\u0007red\u009b31m\u202eesrever\u200b\ufeff\n\t.";
    project.write(
        "data/till_2024-03-01.jsonl",
        format!(r#"{{"isbn":"b\u001b[31m1","title":"{title}","copies":1,"price":0}}"#),
    );
    let run = project.ok(&["run", "--source", "till", "--dates", "2024-03-01"]);
    let shown = project.ok(&["show", "ingest.books"]);
    shown.assert_out(r"␛[2J␛]0;mine␇red\u{9b}31m\u{202e}esrever\u{200b}\u{feff}␊␉.");
    let plain = |c: char| c == '\n' || (!c.is_control() && !"\u{202e}\u{200b}\u{feff}".contains(c));
    for ran in [&run, &shown] {
        assert!(
            ran.out.chars().all(plain) && ran.err.chars().all(plain),
            "{ran}"
        );
    }
    let name = "data/\u{1b}[31mtill_{date}.jsonl";
    let lost = project.fails(
        1,
        &[
            "run",
            "--source",
            "till",
            "--from",
            name,
            "--dates",
            "2024-03-01",
        ],
    );
    assert!(
        lost.out.chars().all(plain) && lost.err.chars().all(plain),
        "{lost}"
    );
    // A tool gets the data.
    let csv = project.ok(&[
        "show",
        "ingest.books",
        "--format",
        "csv",
        "--columns",
        "isbn",
    ]);
    assert_eq!(csv.out, "isbn\nb\u{1b}[31m1\n");
}

/// No line is wider than the terminal, and no number cut.
#[test]
fn tables_fit_the_terminal() {
    let project = books::made();
    let sql = "SELECT 'Sentence-transformers and others ' || x AS entity, 56536633 * x AS downloads, \
               0.997 + x / 100000.0 AS gini, 'top50' AS universe, 12345678901 AS downloads_of_all_time, \
               1e6 * x AS mean_downloads FROM (VALUES (1), (2), (3), (4)) AS t(x)";
    for columns in ["60", "80", "100", "120", "145"] {
        let mut command = project.command(&["query", sql]);
        let ran = Ran::of(command.env("COLUMNS", columns).output().unwrap());
        let most: usize = columns.parse().unwrap();
        for line in ran.out.lines() {
            assert!(
                line.chars().count() <= most && line.trim_end() == line,
                "{columns} {ran}"
            );
        }
        ran.assert_out("universe top50");
        ran.assert_out("226,146,532 ");
        ran.assert_out("0.99701");
        ran.assert_out("0.99704");
    }
    let mut command = project.command(&["query", sql, "-x"]);
    let ran = Ran::of(command.env("COLUMNS", "60").output().unwrap());
    assert_eq!(
        ran.out.lines().take(4).collect::<Vec<_>>(),
        [
            "── 1 ──",
            "entity                 Sentence-transformers and others 1",
            "downloads              56,536,633",
            "gini                   0.99701",
        ]
    );
    let mut command = project.command(&["query", sql]);
    let ran = Ran::of(command.env("COLUMNS", "40").output().unwrap());
    ran.assert_out("+1 column: mean_downloads; --all shows");
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

/// A generated lake of two snapshots with what the summary reads.
fn generated() -> Project {
    let project = Project::empty();
    let dates = "2025-09-21,2025-10-01";
    project.ok(&[
        "sample",
        "--models",
        "2000",
        "--dates",
        dates,
        "--out",
        "sample",
        "--project",
        ROOT,
    ]);
    project.ok(&[
        "run",
        "+aggregate.hub_totals",
        "+aggregate.entities",
        "+aggregate.geography",
        "+aggregate.geography_changes",
        "+aggregate.momentum",
        "--project",
        ROOT,
        "--source",
        "hub-stats",
        "--from",
        "sample/models_{date}.parquet",
        "--lake",
        "lake",
    ]);
    project
}

const SUMMARY: &str = "\
2025-10-01, hub-stats, generated: 2,000 models of 354 entities with 42,729,018
downloads in all; the first ten entities have 59.85%.
Generated by hubcensus for tests and demonstrations: not real data.

rank  entity             kind        country  downloads    share           since
────────────────────────────────────────────────────────────────────────────────
   1  Google             company     US       5,653,657   13.23% ████████  =
   2  Meta               company     US       5,608,782   13.13% ███████▉  =
   3  Sentence-transfo…  university  DE       3,675,093    8.60% █████▎    =
   4  Hugging Face       company     FR       1,912,549    4.48% ██▊       =
   5  OpenAI             company     US       1,897,372    4.44% ██▋       =
   6  MIT                university  US       1,882,318    4.41% ██▋       =
   7  Microsoft          company     US       1,867,373    4.37% ██▋       =
   8  Jonatas Grosman    individual  BR       1,460,073    3.42% ██▏       =
   9  Pyannote           company     FR         810,931    1.90% █▏        =
  10  Falcons.ai         company     unknown    804,496    1.88% █▏        =

country   entities   downloads    share               since
───────────────────────────────────────────────────────────
US              14  18,667,285   43.69% ████████  +<0.01 pp
unlisted       304   8,452,124   19.78% ███▋       -0.05 pp
DE               8   4,636,458   10.85% ██         -0.02 pp
FR               5   3,304,921    7.73% █▍         +0.02 pp
CN               5   1,827,684    4.28% ▊          +0.04 pp
BR               1   1,460,073    3.42% ▋          -0.01 pp

since 2025-09-21, in downloads:
  gained  Meta +67,585, Google +62,276, Sentence-transformers +36,139,
          MIT +21,208, Hugging Face +21,128
  lost    none
  new     none

next:
  hubcensus tables --lake lake
  hubcensus show entity_profiles -n 1 -x --lake lake
  hubcensus show momentum --sort -gained --where unit=entity --where size_class=all --lake lake
";

#[test]
fn the_summary_is_one_screen() {
    let project = generated();
    let summary = |columns: &str, more: &[&str]| -> String {
        let mut args = vec!["summary", "--project", ROOT, "--lake", "lake"];
        args.extend(more);
        let mut command = project.command(&args);
        let ran = Ran::of(command.env("COLUMNS", columns).output().unwrap());
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran}");
        ran.out
            .replace(env!("CARGO_BIN_EXE_hubcensus"), "hubcensus")
    };
    assert_eq!(summary("80", &[]), SUMMARY);
    // Its numbers are those of the tables, asked for one by one.
    let number = |sql: &str| -> Vec<String> {
        let args = [
            "query",
            "--format",
            "csv",
            "--project",
            ROOT,
            "--lake",
            "lake",
            sql,
        ];
        let ran = project.ok(&args);
        ran.out.lines().skip(1).map(str::to_owned).collect()
    };
    let totals = number(
        "SELECT count(*), count(DISTINCT entity), sum(downloads_all_time) FROM enrich.models",
    );
    assert_eq!(totals, ["2000,354,42729018"]);
    let first = number(
        "SELECT round(sum(downloads) FILTER (WHERE rank <= 10) * 10000.0 / sum(downloads)) \
         FROM aggregate.entities WHERE universe = 'all' AND period = 'all_time'",
    );
    assert_eq!(first, ["5985.0"]);
    // Of the first snapshot there is nothing to compare with.
    let before = summary("80", &["--date", "2025-09-21"]);
    assert!(
        before.starts_with("2025-09-21, hub-stats, generated: "),
        "{before}"
    );
    assert!(!before.contains("since"), "{before}");
    for columns in ["60", "80", "100", "120"] {
        let most: usize = columns.parse().unwrap();
        for line in summary(columns, &[])
            .lines()
            .filter(|line| !line.contains("hubcensus "))
        {
            assert!(line.chars().count() <= most, "{columns}: {line}");
        }
    }
    says_that_it_is_generated(&project);
}

/// Every screen says so, and every file of every table.
fn says_that_it_is_generated(project: &Project) {
    const NOTE: &str = "Generated by hubcensus for tests and demonstrations: not real data.";
    let ask = |args: &[&str]| {
        let mut all = args.to_vec();
        all.extend(["--project", ROOT, "--lake", "lake"]);
        project.ok(&all)
    };
    let query = ["query", "SELECT count(*) AS n FROM aggregate.entities"];
    let screens: [&[&str]; 6] = [
        &["summary"],
        &["tables"],
        &["plan"],
        &["show", "entities"],
        &query,
        &["run", "+aggregate.entities"],
    ];
    for args in screens {
        ask(args).assert_out(NOTE);
    }
    for format in ["csv", "json"] {
        for args in [&["show", "entities"][..], &query] {
            let mut args = args.to_vec();
            args.extend(["--format", format]);
            let ran = ask(&args);
            ran.assert_err(NOTE);
            assert!(!ran.out.contains("enerated"), "{ran}");
        }
    }
    let mut files = 0;
    for path in project
        .lake()
        .into_keys()
        .filter(|path| path.ends_with(".parquet"))
    {
        let metadata = reading::metadata(&project.path("lake").join(&path));
        let note = metadata.get("hubcensus.generated").map(String::as_str);
        assert!(
            note.unwrap_or_default().starts_with(NOTE),
            "{path}: {note:?}"
        );
        files += 1;
    }
    assert!(files > 20, "{files}");
}

/// A project without the tables of the summary has none.
#[test]
fn a_summary_needs_its_tables() {
    let project = books::made();
    project
        .fails(1, &["summary"])
        .assert_err("no table `aggregate.hub_totals`");
}
