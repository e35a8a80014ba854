//! A small project, and the program run on it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use futures::TryStreamExt as _;
use object_store::{ObjectStore, ObjectStoreExt as _};
use tempfile::TempDir;

use crate::bucket::Bucket;

const PIPELINES: [(&str, &str); 2] = [
    (
        "pipelines/ingest/books.yaml",
        r#"stage: ingest
tables:
  - name: books
    description: Books.
    key: [id]
    sort: [id]
    columns: {id: {type: utf8, description: Name.}, copies: {type: int64, description: How many.}}
sources:
  - name: till
    description: What the tills say.
    license: MIT
    table: books
    coverage: census
    location: "data/{date}.jsonl"
    format: ndjson
    columns: {id: {type: utf8}, copies: {type: int64}}
    query: SELECT id, copies FROM source
"#,
    ),
    (
        "pipelines/aggregate/books.yaml",
        "stage: aggregate
jobs:
  - name: totals
    description: Copies of all books.
    query: SELECT 'all' AS books, sum(copies) AS copies FROM ingest.books
    key: [books]
    sort: [books]
    columns: {books: {type: utf8, description: Which.}, copies: {type: int64, description: How many.}}
  - name: books
    description: Copies of each book.
    query: SELECT id, copies FROM ingest.books
    key: [id]
    sort: [id]
    columns: {id: {type: utf8, description: Which.}, copies: {type: int64, description: How many.}}
",
    ),
];

/// What a command said, and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) said: String,
}

/// A project in a directory of its own, with a bucket.
pub(crate) struct Project {
    pub(crate) bucket: Bucket,
    dir: TempDir,
}

fn program() -> PathBuf {
    if let Some(program) = std::env::var_os("HUBCENSUS_BIN") {
        return std::path::absolute(Path::new("../..").join(program)).unwrap();
    }
    let test = std::env::current_exe().unwrap();
    let program = test.ancestors().nth(2).unwrap().join("hubcensus");
    assert!(
        program.exists(),
        "{} is not there: build it, or name another with HUBCENSUS_BIN",
        program.display()
    );
    program
}

impl Project {
    pub(crate) async fn new() -> Self {
        let project = Self {
            bucket: Bucket::serve().await,
            dir: tempfile::tempdir().unwrap(),
        };
        for (path, text) in PIPELINES {
            project.write(path, text);
        }
        project
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// A snapshot with so many copies of each of ten books.
    pub(crate) fn snapshot(&self, date: &str, copies: u32) {
        let rows = (0..10).map(|book| format!("{{\"id\":\"b{book}\",\"copies\":{copies}}}\n"));
        self.write(&format!("data/{date}.jsonl"), &rows.collect::<String>());
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(program());
        command
            .args(args)
            .current_dir(self.dir.path())
            .envs(self.bucket.environment())
            .env_remove("HF_TOKEN")
            .env_remove("HUBCENSUS_LAKE")
            .env_remove("HUBCENSUS_PROJECT")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        Ran::of(&self.command(args).output().unwrap())
    }

    pub(crate) fn ok(&self, args: &[&str]) -> Ran {
        let ran = self.run(args);
        assert_eq!(ran.code, Some(0), "{args:?}\n{}", ran.said);
        ran
    }

    /// What lies in the bucket below a path, by the path from there.
    pub(crate) async fn objects(&self, below: &str) -> BTreeMap<String, Vec<u8>> {
        let store = self.bucket.store();
        let below = object_store::path::Path::from(below);
        let listed: Vec<_> = store.list(Some(&below)).try_collect().await.unwrap();
        let mut objects = BTreeMap::new();
        for object in listed {
            let parts = object.location.prefix_match(&below).unwrap();
            let parts: Vec<String> = parts.map(|part| part.as_ref().to_owned()).collect();
            let found = store.get(&object.location).await.unwrap();
            objects.insert(parts.join("/"), found.bytes().await.unwrap().to_vec());
        }
        objects
    }

    /// What lies in a directory, likewise.
    pub(crate) fn files(&self, below: &str) -> BTreeMap<String, Vec<u8>> {
        let root = self.path(below);
        let files = walkdir::WalkDir::new(&root).into_iter().map(Result::unwrap);
        let files = files.filter(|entry| entry.file_type().is_file());
        files
            .map(|entry| {
                let path = entry.path().strip_prefix(&root).unwrap();
                let bytes = std::fs::read(entry.path()).unwrap();
                (path.to_string_lossy().into_owned(), bytes)
            })
            .collect()
    }
}

impl Ran {
    pub(crate) fn of(output: &Output) -> Self {
        let said = [output.stdout.as_slice(), &output.stderr].concat();
        Self {
            code: output.status.code(),
            said: String::from_utf8(said).unwrap(),
        }
    }

    #[track_caller]
    pub(crate) fn assert_says(&self, text: &str) {
        assert!(self.said.contains(text), "expected `{text}`\n{}", self.said);
    }
}
