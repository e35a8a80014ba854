//! A project in a directory of its own, the program run on it, and what the
//! lake then holds.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::SystemTime;

use tempfile::TempDir;

/// The program.
const PROGRAM: &str = env!("CARGO_BIN_EXE_hubcensus");

/// A project, removed when dropped.
pub(crate) struct Project {
    dir: TempDir,
}

/// What a command said, and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A file's bytes and the time at which it was last changed.
pub(crate) type Stamp = (Vec<u8>, SystemTime);

impl Project {
    /// A project without any file.
    pub(crate) fn empty() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    /// A project of these files.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let project = Self::empty();
        for (path, text) in files {
            project.write(path, text);
        }
        project
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(self.path(path)).unwrap();
    }

    /// Replaces a text that a file has once.
    pub(crate) fn replace(&self, path: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(path)).unwrap();
        assert_eq!(text.matches(from).count(), 1, "`{from}` in {path}");
        self.write(path, text.replace(from, to));
    }

    /// A command in the project's directory, ready to be started.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .args(args)
            .current_dir(self.dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for variable in [
            "HUBCENSUS_PROJECT",
            "HUBCENSUS_LAKE",
            "HUBCENSUS_CORES",
            "HUBCENSUS_PLAIN",
            "RUST_LOG",
            "COLUMNS",
        ] {
            command.env_remove(variable);
        }
        command
    }

    /// Runs a command; of a run each step is told.
    pub(crate) fn hubcensus(&self, args: &[&str]) -> Ran {
        let mut command = self.command(args);
        if args.contains(&"run") {
            command.arg("-v");
        }
        Ran::of(command.output().unwrap())
    }

    /// Runs a command as it is typed.
    pub(crate) fn plain(&self, args: &[&str]) -> Ran {
        Ran::of(self.command(args).output().unwrap())
    }

    /// Runs a command that is to end well.
    pub(crate) fn ok(&self, args: &[&str]) -> Ran {
        let ran = self.hubcensus(args);
        assert_eq!(ran.code, 0, "{args:?}\n{ran}");
        ran
    }

    /// Runs a command that is to end with `code`.
    pub(crate) fn fails(&self, code: i32, args: &[&str]) -> Ran {
        let ran = self.hubcensus(args);
        assert_eq!(ran.code, code, "{args:?}\n{ran}");
        ran
    }

    /// The rows of a query over all snapshots, as CSV lines without the header.
    pub(crate) fn rows(&self, sql: &str) -> Vec<String> {
        let ran = self.ok(&["query", "--dates", "all", "--format", "csv", sql]);
        ran.out.lines().skip(1).map(str::to_owned).collect()
    }

    /// Every file below a directory of the project, by its path there.
    pub(crate) fn files(&self, below: &str) -> BTreeMap<String, Stamp> {
        let mut found = BTreeMap::new();
        collect(&self.path(below), &self.path(below), &mut found);
        found
    }

    /// What the lake holds for its readers: tables, manifests and rejected
    /// rows. Its lock, and what it keeps to save time, are left out.
    pub(crate) fn lake(&self) -> BTreeMap<String, Stamp> {
        let mut files = self.files("lake");
        files.retain(|path, _| path != "_lock" && !path.starts_with("_cache/"));
        files
    }

    /// The same without the times.
    pub(crate) fn lake_bytes(&self) -> BTreeMap<String, Vec<u8>> {
        self.lake()
            .into_iter()
            .map(|(path, (bytes, _))| (path, bytes))
            .collect()
    }

    /// The manifest of a partition.
    pub(crate) fn manifest(&self, table: &str, date: &str) -> serde_json::Value {
        let path = self.path(&format!(
            "lake/_manifests/{}/{date}.json",
            table.replace('.', "/")
        ));
        serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
    }
}

fn collect(root: &Path, folder: &Path, found: &mut BTreeMap<String, Stamp>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, found);
        } else {
            let name = path
                .strip_prefix(root)
                .unwrap()
                .to_string_lossy()
                .into_owned();
            let changed = fs::metadata(&path).unwrap().modified().unwrap();
            found.insert(name, (fs::read(&path).unwrap(), changed));
        }
    }
}

impl Ran {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// How many tables the summary of `run` says were made.
    #[track_caller]
    pub(crate) fn assert_tables(&self, summary: &str) {
        let line = self
            .out
            .lines()
            .find_map(|line| line.strip_prefix("  tables    "));
        assert_eq!(line, Some(summary), "{self}");
    }

    /// The tables that `run` says it made, as `date table`, in the order in
    /// which they were made.
    pub(crate) fn made(&self) -> Vec<String> {
        self.err
            .lines()
            .filter(|line| !line.starts_with(' ') && line.ends_with(" s") && line.contains(" row"))
            .map(head)
            .collect()
    }

    /// What `plan` says of each table that is not up to date, as
    /// `date table`, and the rest of the line.
    pub(crate) fn planned(&self) -> Vec<(String, String)> {
        self.out
            .lines()
            .filter(|line| line.starts_with("20"))
            .map(|line| {
                let rest = line.splitn(3, "  ").nth(2).unwrap_or_default();
                (head(line), rest.trim().to_owned())
            })
            .collect()
    }

    /// Expects `run` to say `what` of a table, given as `date table`.
    #[track_caller]
    pub(crate) fn assert_step(&self, table: &str, what: &str) {
        assert_eq!(self.step(table), what, "{self}");
    }

    /// What `run` says of a table, given as `date table`.
    #[track_caller]
    pub(crate) fn step(&self, table: &str) -> &str {
        let mut lines = self.err.lines().filter(|line| head(line) == table);
        match (lines.next(), lines.next()) {
            (Some(line), None) => line.splitn(3, "  ").nth(2).unwrap_or_default().trim(),
            _ => panic!("expected one line on {table}\n{self}"),
        }
    }

    /// The one line of standard error that has `text`.
    #[track_caller]
    pub(crate) fn err_line(&self, text: &str) -> &str {
        let mut lines = self.err.lines().filter(|line| line.contains(text));
        match (lines.next(), lines.next()) {
            (Some(line), None) => line,
            _ => panic!("expected one line with `{text}`\n{self}"),
        }
    }

    #[track_caller]
    pub(crate) fn assert_err(&self, text: &str) {
        assert!(self.err.contains(text), "expected `{text}`\n{self}");
    }

    #[track_caller]
    pub(crate) fn assert_out(&self, text: &str) {
        assert!(self.out.contains(text), "expected `{text}`\n{self}");
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "exit {}\n--- out\n{}\n--- err\n{}",
            self.code, self.out, self.err
        )
    }
}

fn head(line: &str) -> String {
    line.split_whitespace()
        .take(2)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Expects two lakes to be the same, file by file, and names those that are
/// not.
#[track_caller]
pub(crate) fn assert_same<T: PartialEq>(left: &BTreeMap<String, T>, right: &BTreeMap<String, T>) {
    let names: std::collections::BTreeSet<&String> = left.keys().chain(right.keys()).collect();
    let other: Vec<&&String> = names
        .iter()
        .filter(|name| left.get(**name) != right.get(**name))
        .collect();
    assert!(other.is_empty(), "not the same: {other:#?}");
}
