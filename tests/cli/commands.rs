//! The command line itself.

use crate::books;
use crate::harness::Project;

const VERBS: [&str; 12] = [
    "run", "plan", "summary", "check", "test", "tables", "sources", "show", "query", "sample",
    "verify", "report",
];

#[test]
fn help_is_there_for_every_verb() {
    let project = Project::empty();
    let help = project.ok(&["--help"]);
    for verb in VERBS {
        help.assert_out(&format!("\n  {verb} "));
        let own = project.ok(&[verb, "--help"]);
        own.assert_out(&format!("Usage: hubcensus {verb}"));
        assert_eq!(own.err, "");
    }
    for said in [
        "Exit codes: 0 all is well; 1 something failed or is wrong; 2 the command line is wrong;\n\
         3 the pipeline files have mistakes; 130 a run was stopped with Ctrl-C.",
        "A SELECTOR names tables: ",
        "A SET of dates: ",
    ] {
        help.assert_out(said);
        project.ok(&["run", "--help"]).assert_out(said);
    }
    // Without anything the same help, and not an error about it.
    let alone = project.fails(2, &[]);
    assert_eq!(alone.err, help.out);
    assert_eq!(
        project.ok(&["--version"]).out,
        format!("hubcensus {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn a_wrong_command_line() {
    let project = books::project();
    for args in [
        &[][..],
        &["frobnicate"],
        &["run", "--nope"],
        &["run", "--dates", "2024-02-30"],
        &["run", "--dates", "2024-03-02..2024-03-01"],
        &["run", "--dates", "today"],
        &["run", "--from", "x_{date}"],
        &["run", "--cores", "many"],
        &["show"],
        &["show", "cities", "--where", "nonsense"],
        &["show", "cities", "--format", "xml"],
        &["query"],
        &["sample"],
        &["verify", "now"],
    ] {
        let ran = project.fails(2, args);
        assert!(ran.out.is_empty() && !ran.err.is_empty(), "{ran}");
    }
    assert!(!project.path("lake").exists());
}

#[test]
fn the_project_is_found_from_below_and_by_name() {
    let project = books::project();
    project.write("notes/today.txt", "");
    let below = project
        .command(&["check"])
        .current_dir(project.path("notes"))
        .output()
        .unwrap();
    assert!(below.status.success());
    let other = Project::empty();
    let root = project.path(".");
    let root = root.to_str().unwrap();
    let named = other.ok(&["check", "--project", root]);
    assert_eq!(
        named.out,
        "4 files: 2 reference tables, 1 ingest table, 1 source, 5 jobs, no mistakes\n"
    );
    let by_env = other
        .command(&["check"])
        .env("HUBCENSUS_PROJECT", root)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(by_env.stdout).unwrap(), named.out);
}

#[test]
fn tests_beside_the_queries() {
    let project = books::project();
    assert_eq!(project.ok(&["test"]).out, "0 passed, 0 failed\n");
    let tested = |copies: i64| {
        format!(
            "    tests:
      - name: two_books_of_a_city
        given:
          normalize.books: [{{isbn: a, city: Oslo, copies: 2}}, {{isbn: b, city: Oslo, copies: 3}}]
        expect: [{{city: Oslo, books: 2, copies: {copies}}}]
  - name: shelves
"
        )
    };
    let file = "pipelines/aggregate/books.yaml";
    project.replace(file, "  - name: shelves\n", &tested(5));
    let ran = project.ok(&["test"]);
    assert_eq!(
        ran.out,
        "ok      aggregate.cities  two_books_of_a_city\n1 passed, 0 failed\n"
    );
    project.replace(file, "books: 2, copies: 5", "books: 2, copies: 6");
    let ran = project.fails(1, &["test", "aggregate.cities"]);
    ran.assert_out("FAILED  aggregate.cities  two_books_of_a_city\n");
    ran.assert_out("0 passed, 1 failed\n");
    assert_eq!(
        project.ok(&["test", "normalize"]).out,
        "0 passed, 0 failed\n"
    );
    assert!(!project.path("lake").exists(), "tests need no lake");
}

#[test]
fn messages_go_to_standard_error() {
    let project = books::project();
    let ran = project.ok(&["run", "--source", "till", "--dates", "2024-03-01", "ingest"]);
    assert_eq!(
        ran.err.lines().count(),
        1,
        "one plain line for each table: {ran}"
    );
    assert!(
        !ran.err.contains('\u{1b}') && !ran.out.contains('\u{1b}'),
        "no colours without a terminal"
    );
    // What a tool reads is alone on standard output, whatever else is said.
    let csv = project.ok(&[
        "-vv",
        "query",
        "SELECT isbn FROM ingest.books WHERE isbn = 'b1'",
        "--format",
        "csv",
    ]);
    assert_eq!(csv.out, "isbn\nb1\n");
}

/// Standard error, or output, closed by who read it, as `head` does.
#[cfg(unix)]
#[test]
fn a_closed_pipe_stops_no_run_and_is_no_error() {
    use std::os::fd::OwnedFd;
    use std::process::Stdio;

    let closed = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        Stdio::from(OwnedFd::from(writer))
    };
    let project = books::project();
    let run = ["run", "--source", "till", "-v"];
    let mut ran = project.command(&run);
    let ran = ran.stdout(closed()).stderr(closed()).status().unwrap();
    assert_eq!(ran.code(), Some(0));
    // Every table was made although nobody read of it.
    project
        .ok(&["run", "--source", "till"])
        .assert_tables("0 made, 18 up to date");
    let queries: &[&[&str]] = &[
        &["tables"],
        &["tables", "cities"],
        &["sources"],
        &["plan"],
        &["check"],
        &["test"],
        &["verify"],
        &["show", "cities"],
        &["show", "cities", "--format", "csv"],
        &["show", "cities", "--format", "json"],
        &["query", "SELECT * FROM ingest.books", "--format", "csv"],
        &["query", "SELECT * FROM ingest.books", "--format", "json"],
    ];
    for args in queries {
        let mut command = project.command(args);
        let output = command.stdout(closed()).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{args:?} {err}");
        assert!(!err.contains("error"), "{args:?} {err}");
        assert!(!err.contains("panicked"), "{args:?} {err}");
    }
    project.replace(
        "pipelines/aggregate/books.yaml",
        "SELECT shelf,",
        "SELECT shelv,",
    );
    for (args, code) in [
        (&["check"][..], 3),
        (&["show", "citis"], 3),
        (&["nonsense"], 2),
    ] {
        let mut command = project.command(args);
        let status = command.stderr(closed()).status().unwrap();
        assert_eq!(status.code(), Some(code), "{args:?}");
    }
}

/// Output that cannot be written for another reason is an error.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_said() {
    let project = books::made();
    let show = ["show", "cities", "--format", "csv"];
    for args in [&["tables"][..], &["show", "cities"], &show, &["check"]] {
        let full = std::fs::File::options()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let output = project.command(args).stdout(full).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{args:?} {err}");
        assert!(err.contains("No space left on device"), "{args:?} {err}");
    }
}
