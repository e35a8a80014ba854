//! Generated snapshots.

use crate::harness::{Project, assert_same};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn sample(project: &Project, args: &[&str]) -> crate::harness::Ran {
    let mut all = vec!["sample", "--project", ROOT];
    all.extend(args);
    project.ok(&all)
}

#[test]
fn the_same_seed_gives_the_same_files() {
    let project = Project::empty();
    let some = ["--models", "2000", "--dates", "2025-09-30..2025-10-01"];
    for (out, seed) in [("a", "7"), ("b", "7"), ("c", "8")] {
        let mut args = some.to_vec();
        args.extend(["--out", out, "--seed", seed]);
        let ran = sample(&project, &args);
        ran.assert_out(&format!("{out}/models_2025-10-01.parquet  2,000 models\n"));
        ran.assert_out("not real data");
    }
    let files = |out: &str| {
        let files = project.files(out).into_iter();
        files
            .map(|(path, (bytes, _))| (path, bytes))
            .collect::<std::collections::BTreeMap<_, _>>()
    };
    let names: Vec<String> = files("a").into_keys().collect();
    let kinds = [
        "account_facts_{date}.generated.jsonl",
        "datasets_{date}.parquet",
        "models_{date}.parquet",
        "papers_{date}.parquet",
        "spaces_{date}.parquet",
    ];
    let dated = |name: &str| ["2025-09-30", "2025-10-01"].map(|date| name.replace("{date}", date));
    assert_eq!(names, kinds.map(dated).concat());
    assert_same(&files("a"), &files("b"));
    for name in &names {
        assert_ne!(
            files("a")[name],
            files("c")[name],
            "another seed, other models"
        );
    }
    // A date alone is as it is among others.
    sample(
        &project,
        &[
            "--models",
            "2000",
            "--dates",
            "2025-10-01",
            "--out",
            "d",
            "--seed",
            "7",
        ],
    );
    assert_eq!(
        files("a")["models_2025-10-01.parquet"],
        files("d")["models_2025-10-01.parquet"]
    );
}

#[test]
fn as_the_api_gives_them() {
    let project = Project::empty();
    let ran = sample(
        &project,
        &["--models", "2000", "--shape", "api-items", "--out", "a"],
    );
    ran.assert_out("not real data");
    let files = project.files("a");
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    let rows = [
        ("account_facts_2025-10-01.generated.jsonl", None),
        ("datasets_2025-10-01.generated.jsonl", Some(678)),
        ("models_2025-10-01.generated.jsonl", Some(2_000)),
        ("papers_2025-10-01.generated.jsonl", None),
        ("spaces_2025-10-01.generated.jsonl", Some(600)),
    ];
    assert_eq!(names, rows.map(|(name, _)| name));
    for (name, rows) in rows {
        let text = std::str::from_utf8(&files[name].0).unwrap();
        assert!(
            rows.is_none_or(|rows| text.lines().count() == rows),
            "{name}"
        );
        for line in text.lines() {
            let item: serde_json::Value = serde_json::from_str(line).unwrap();
            let id = [
                &item["id"],
                &item["paper"]["id"],
                &item["name"],
                &item["user"],
            ];
            assert!(id.iter().any(|id| id.is_string()), "{line}");
        }
    }
    // Without the other kinds, as they are beside them.
    sample(
        &project,
        &[
            "--models",
            "2000",
            "--shape",
            "api-items",
            "--only-models",
            "--out",
            "b",
        ],
    );
    let alone = project.files("b");
    assert_eq!(alone.len(), 1);
    for (name, (bytes, _)) in &alone {
        assert_eq!(*bytes, files[name].0, "{name}");
    }
}

#[test]
fn what_cannot_be_generated() {
    let project = Project::empty();
    for args in [
        &["--models", "3"][..],
        &["--models", "2000", "--dates", "2015-01-01"],
    ] {
        let mut all = vec!["sample", "--project", ROOT, "--out", "a"];
        all.extend(args);
        let ran = project.fails(1, &all);
        ran.assert_err("error: ");
        assert!(project.files("a").is_empty(), "nothing by halves");
    }
    project.write("file", "");
    let ran = project.fails(1, &["sample", "--project", ROOT, "--out", "file"]);
    ran.assert_err("cannot make file");
}
