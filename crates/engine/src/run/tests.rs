//! Runs of a small project.

mod changes;
mod requests;

use std::fs;
use std::path::PathBuf;

use hubcensus_lake::Lake;

use crate::plan::lake_state::{LakeState, Scope};
use crate::{
    EngineError, Event, Functions, Observer, Operators, Plan, Request, Resolved, SourceRequest,
    StepOutcome,
};

const INGEST: &str = r#"stage: ingest
tables:
  - name: books
    description: Books.
    key: [isbn]
    sort: [isbn]
    columns:
      isbn: {type: utf8, description: Its number.}
      copies: {type: int64, nullable: true, description: How many.}
      printed: {type: int64, nullable: true, description: When.}
sources:
  - name: till
    description: What the till says.
    table: books
    coverage: census
    location: "till_{date}.jsonl"
    format: ndjson
    columns:
      isbn: {type: utf8}
      copies: {type: int64}
      printed: {type: int64}
    query: SELECT isbn, copies, printed FROM source
"#;

const AGGREGATE: &str = r#"stage: aggregate
jobs:
  - name: rare
    description: Books of which there is one copy.
    query: SELECT isbn FROM ingest.books WHERE copies = 1
    key: [isbn]
    sort: [isbn]
    columns:
      isbn: {type: utf8, description: Its number.}
  - name: years
    description: Books by year.
    needs: [ingest.books.printed]
    query: SELECT printed, count(*) AS books FROM ingest.books WHERE printed IS NOT NULL GROUP BY printed
    key: [printed]
    sort: [printed]
    columns:
      printed: {type: int64, description: The year.}
      books: {type: int64, description: How many.}
"#;

/// A project, and its source's files.
struct Project {
    dir: tempfile::TempDir,
    resolved: Resolved,
}

impl Project {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for (stage, text) in [("ingest", INGEST), ("aggregate", AGGREGATE)] {
            let folder = dir.path().join("pipelines").join(stage);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("books.yaml"), text).unwrap();
        }
        let loaded = crate::load(dir.path(), 2, &Functions::default(), &Operators::default()).await;
        let loaded = loaded.unwrap();
        let resolved = match loaded.result {
            Ok(resolved) => resolved,
            Err(mistakes) => panic!(
                "{}",
                hubcensus_spec::render(&mistakes, &loaded.files, false)
            ),
        };
        Self { dir, resolved }
    }

    fn file(&self, date: &str) -> PathBuf {
        self.dir.path().join(format!("till_{date}.jsonl"))
    }

    fn write(&self, date: &str, copies: &[i64]) {
        let lines = copies.iter().enumerate();
        let lines =
            lines.map(|(isbn, copies)| format!("{{\"isbn\":\"{isbn}\",\"copies\":{copies}}}\n"));
        fs::write(self.file(date), lines.collect::<String>()).unwrap();
    }

    async fn plan(&self, lake: &Lake, dates: &[&str]) -> Result<Plan, EngineError> {
        let source = SourceRequest {
            name: "till".to_owned(),
            location: None,
        };
        self.plan_of(lake, dates, Some(source)).await
    }

    async fn plan_of(
        &self,
        lake: &Lake,
        dates: &[&str],
        source: Option<SourceRequest>,
    ) -> Result<Plan, EngineError> {
        let request = Request {
            dates: dates.iter().map(|date| date.parse().unwrap()).collect(),
            source,
            ..Request::default()
        };
        crate::plan(&self.resolved, lake, &request).await
    }

    async fn carry_out(
        &self,
        lake: &Lake,
        plan: &Plan,
        observer: &dyn Observer,
    ) -> Vec<StepOutcome> {
        let ran = crate::run(&self.resolved, lake, plan, "test", observer).await;
        ran.unwrap()
    }

    async fn run(&self, lake: &Lake, dates: &[&str]) -> Vec<StepOutcome> {
        let plan = self.plan(lake, dates).await.unwrap();
        self.carry_out(lake, &plan, &Quiet).await
    }

    async fn state(&self, lake: &Lake) -> LakeState {
        LakeState::read(lake, &Scope::Whole).await.unwrap()
    }
}

struct Quiet;

impl Observer for Quiet {
    fn on(&self, _: Event<'_>) {}
}
