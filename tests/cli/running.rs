//! A run makes the tables, and a second one nothing.

use crate::books::{self, DATES};
use crate::harness::{Ran, assert_same};

#[test]
fn tables_are_made_of_every_snapshot_that_the_source_has() {
    let project = books::project();
    let plan = project.ok(&["plan", "--source", "till"]);
    plan.assert_out("3 snapshots: 2024-03-01 2024-03-02 2024-03-03");
    assert_eq!(plan.planned().len(), 18);
    assert!(
        plan.planned()
            .iter()
            .all(|(_, what)| what == "make: not there yet"),
        "{plan}"
    );
    assert!(project.lake().is_empty(), "a plan makes nothing");

    let ran = project.ok(&["run", "--source", "till"]);
    ran.assert_tables("18 made, 0 up to date");
    assert_eq!(
        ran.made(),
        plan.planned()
            .into_iter()
            .map(|(head, _)| head)
            .collect::<Vec<_>>()
    );
    ran.assert_out("3 snapshots, 2024-03-01 to 2024-03-03, in ");
    ran.assert_out("  memory    ");
    assert_eq!(
        project
            .rows("SELECT snapshot_date, city, books, copies FROM aggregate.cities ORDER BY 1, 2"),
        [
            "2024-03-01,Bergen,3,6",
            "2024-03-01,Oslo,1,5",
            "2024-03-01,unknown,1,4",
            "2024-03-02,Bergen,1,8",
            "2024-03-02,Oslo,1,12",
            "2024-03-03,Oslo,1,9",
        ]
    );
    assert_eq!(
        project.rows("SELECT snapshot_date, shelf, copies FROM aggregate.shelves ORDER BY 1, 2"),
        [
            "2024-03-01,fiction,10",
            "2024-03-01,maps,1",
            "2024-03-01,other,4",
            "2024-03-02,fiction,20",
            "2024-03-03,maps,9",
        ]
    );
    assert_eq!(
        project
            .rows("SELECT * FROM aggregate.overview WHERE snapshot_date = '2024-03-02'")
            .len(),
        2
    );
}

#[test]
fn a_second_run_makes_nothing_and_touches_nothing() {
    let project = books::project();
    project.ok(&["run", "--source", "till"]);
    let before = project.files("lake");
    let plan = project.ok(&["plan", "--source", "till"]);
    assert_eq!(plan.planned(), []);
    plan.assert_out("0 to look at, 18 up to date");
    let again = project.ok(&["run", "--source", "till"]);
    again.assert_tables("0 made, 18 up to date");
    assert_eq!(again.made(), [""; 0]);
    // Without a source the lake's own snapshots are worked on.
    project.ok(&["run"]).assert_tables("0 made, 15 up to date");
    let mut after = project.files("lake");
    // The lock names its last holder.
    after.insert("_lock".to_owned(), before["_lock"].clone());
    assert_same(&before, &after);
}

/// By DataFusion's operators alone, and without some of the program's rules.
#[test]
fn the_same_bytes_by_other_operators() {
    let run = ["run", "--source", "till"];
    let usual = books::project();
    usual.ok(&run);
    for plain in ["1", "0", "merge_join, rank_sort", "build_side"] {
        let project = books::project();
        let mut command = project.command(&[&run[..], &["-v"]].concat());
        command.env("RUST_LOG", "hubcensus_engine=debug");
        let ran = Ran::of(command.env("HUBCENSUS_PLAIN", plain).output().unwrap());
        assert_eq!(ran.code, 0, "{plain} {ran}");
        let sorts_by_ranks = !matches!(plain, "1" | "merge_join, rank_sort");
        assert_eq!(ran.err.contains("RankSortExec"), sorts_by_ranks, "{plain}");
        assert_same(&usual.lake_bytes(), &project.lake_bytes());
    }
    let project = books::project();
    let mut command = project.command(&run);
    let ran = Ran::of(
        command
            .env("HUBCENSUS_PLAIN", "rank_sorts")
            .output()
            .unwrap(),
    );
    assert_eq!(ran.code, 1, "{ran}");
    ran.assert_err("HUBCENSUS_PLAIN names no rule `rank_sorts`: expected 1, or of build_side, ");
}

#[test]
fn force_makes_the_same_bytes_again() {
    let project = books::made();
    let before = project.lake_bytes();
    let plan = project.ok(&["plan", "--source", "till", "--dates", DATES[0], "--force"]);
    assert!(
        plan.planned()
            .iter()
            .all(|(_, what)| what == "make: forced"),
        "{plan}"
    );
    let forced = project.ok(&["run", "--source", "till", "--dates", DATES[0], "--force"]);
    forced.assert_tables("6 made, 0 up to date");
    assert_same(&before, &project.lake_bytes());
}

/// The lines of standard error, with what differs from run to run replaced.
fn told(ran: &crate::harness::Ran) -> Vec<String> {
    let number = |word: &str| word.chars().all(|c| c.is_ascii_digit() || c == '.');
    ran.err
        .lines()
        .map(|line| {
            let mut words: Vec<&str> = line.split(' ').collect();
            for at in 1..words.len() {
                let unit = words[at].trim_end_matches(',');
                if ["s", "kB"].contains(&unit) && number(words[at - 1]) {
                    words[at - 1] = "N";
                }
            }
            words.join(" ")
        })
        .collect()
}

/// In a pipe a date is a line, whatever it took to make it.
#[test]
fn a_run_says_little() {
    let project = books::project();
    let first = project.plain(&["run", "--source", "till"]);
    assert_eq!(
        told(&first),
        [
            "2024-03-01  6 tables made, 23 rows, N kB, N s",
            "2024-03-02  6 tables made, 11 rows, N kB, N s",
            "            odd, and kept: absent_column_printed 2; -v shows some",
            "2024-03-03  6 tables made, 7 rows, N kB, N s",
            "            odd, and kept: absent_column_printed 1; -v shows some",
        ]
    );
    let again = project.plain(&["run", "--source", "till"]);
    assert_eq!(told(&again), [""; 0]);
    assert!(again.out.lines().count() <= 5, "{again}");
}

/// What failed stands last, and once more in the summary, however many tables
/// were not made for it.
#[test]
fn the_cause_stands_last() {
    let project = books::project();
    project.remove("data/till_2024-03-02.jsonl");
    let ran = project.plain(&[
        "run",
        "--source",
        "till",
        "--dates",
        "2024-03-01..2024-03-02",
    ]);
    assert_eq!(ran.code, 1);
    let told = told(&ran);
    assert_eq!(told.len(), 4, "{ran}");
    assert_eq!(told[1], "2024-03-02  0 tables made");
    assert_eq!(told[2].trim(), "5 tables not made for want of what failed");
    let cause = "till_2024-03-02.jsonl";
    assert!(
        told[3].starts_with("2024-03-02  ingest.books  FAILED: "),
        "{ran}"
    );
    assert!(told[3].contains(cause), "{ran}");
    let last = ran.out.lines().last().unwrap();
    assert!(
        last.starts_with("FAILED: 2024-03-02  ingest.books: "),
        "{ran}"
    );
    assert!(last.contains(cause), "{ran}");
}

/// Skipped tables are told by their reason.
#[test]
fn skips_are_told_by_reason() {
    let project = books::project();
    let file = "pipelines/aggregate/books.yaml";
    project.replace(
        file,
        "    key: [shelf]\n",
        "    needs: [ingest.books.printed]\n    key: [shelf]\n",
    );
    let ran = project.plain(&[
        "run",
        "--source",
        "till",
        "--dates",
        "2024-03-02..2024-03-03",
    ]);
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(
        ran.out.lines().last(),
        Some("skipped: 2 tables: the snapshot has no printed"),
        "{ran}"
    );
    assert!(!ran.err.contains("skipped"), "{ran}");
    let steps = project.ok(&["run", "--force", "--dates", "2024-03-02"]);
    steps.assert_step(
        "2024-03-02 aggregate.overview",
        "skipped: aggregate.shelves was skipped: the snapshot has no printed (ingest.books.printed \
         is null throughout)",
    );
}

/// Ctrl-C ends a run between two tables; the next run goes on from there.
#[cfg(unix)]
#[test]
fn a_run_can_be_stopped() {
    use std::io::{BufRead as _, BufReader, Read as _};

    let project = books::project();
    let mut run = project.command(&["run", "--source", "till", "-v", "--cores", "1"]);
    let mut run = run.spawn().unwrap();
    let mut err = BufReader::new(run.stderr.take().unwrap());
    let mut first = String::new();
    err.read_line(&mut first).unwrap();
    assert!(first.contains("ingest.books"), "{first}");
    let kill = std::process::Command::new("kill")
        .args(["-INT", &run.id().to_string()])
        .status()
        .unwrap();
    assert!(kill.success());
    let mut rest = String::new();
    err.read_to_string(&mut rest).unwrap();
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{rest}");
    assert!(rest.contains("stopped; "), "{rest}");
    assert!(rest.contains(" committed, run again to go on"), "{rest}");
    assert!(
        !project
            .path("lake/aggregate/overview/snapshot_date=2024-03-03")
            .exists(),
        "{rest}"
    );
    project.ok(&["verify"]);
    let again = project.ok(&["run", "--source", "till"]);
    again.assert_out(" made, ");
    assert!(!again.out.contains("made, 0 up to date"), "{again}");
}
