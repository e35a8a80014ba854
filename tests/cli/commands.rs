//! The command line itself.

use crate::books;
use crate::harness::Project;

const VERBS: [&str; 9] = [
    "run", "plan", "check", "test", "tables", "show", "query", "sample", "verify",
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
    help.assert_out(
        "Exit codes: 0 all is well; 1 something failed or is wrong; 2 the command line is wrong;",
    );
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
        "4 files: 2 reference tables, 1 ingest tables, 1 sources, 5 jobs, no mistakes\n"
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
