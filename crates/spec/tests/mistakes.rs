//! What each kind of mistake looks like on the screen.
//!
//! A case is a file in `tests/mistakes/`: pipeline files, each after a line `=== path`, then what
//! is printed for them after `=== printed`. `UPDATE_EXPECTED=1 cargo test` writes that part anew;
//! read the difference before keeping it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use hubcensus_spec::{SourceFile, parse, render};

const PRINTED: &str = "printed";

struct Case {
    files: Vec<SourceFile>,
    printed: String,
}

fn read(text: &str) -> Case {
    let mut files = Vec::new();
    let mut printed = String::new();
    for section in text.split("=== ").skip(1) {
        let (path, text) = section.split_once('\n').unwrap();
        if path == PRINTED {
            printed = text.to_owned();
        } else {
            files.push(SourceFile {
                path: path.to_owned(),
                text: text.to_owned(),
            });
        }
    }
    Case { files, printed }
}

#[test]
fn every_mistake_is_said_where_it_is() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes");
    let mut paths: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    assert!(!paths.is_empty());
    let mut differing = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).unwrap();
        let case = read(&text);
        let parsed = parse(case.files.clone());
        let printed = render(&parsed.diagnostics, &case.files, false);
        assert_eq!(parsed.project.files, case.files);
        if printed == case.printed {
            continue;
        }
        if std::env::var_os("UPDATE_EXPECTED").is_some() {
            let input = text
                .split(&format!("=== {PRINTED}"))
                .next()
                .unwrap_or_default();
            fs::write(&path, format!("{input}=== {PRINTED}\n{printed}")).unwrap();
        }
        differing.push(format!(
            "{}\n--- expected\n{}--- printed\n{printed}",
            path.display(),
            case.printed
        ));
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}
