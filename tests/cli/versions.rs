//! A function that returns something else has another version, and the tables
//! that are made with it are made again; no others are.

use std::collections::BTreeMap;

use hubcensus_engine::{Cause, Forecast, Functions, Operators, Request, SourceRequest};
use hubcensus_lake::Lake;

use crate::books::{self, DATES};
use crate::harness::Project;

const JOBS: &str = "stage: aggregate
jobs:
  - name: tagged
    description: A call in the query.
    query: SELECT isbn, tag_value(['of:' || title], 'of:') AS tag FROM ingest.books
    key: [isbn]
    sort: [isbn]
    columns:
      isbn: {type: utf8, description: What names a book.}
      tag: {type: utf8, nullable: true, description: Its title.}
  - name: checked
    description: A call in a check.
    query: SELECT isbn FROM ingest.books
    key: [isbn]
    sort: [isbn]
    columns:
      isbn: {type: utf8, description: What names a book.}
    checks:
      - {name: no_quantity, query: SELECT isbn FROM aggregate.checked WHERE Parse_Quantity(isbn) > 0}
";

fn project() -> Project {
    let project = books::project();
    project.write("pipelines/aggregate/calls.yaml", JOBS);
    // A call in a rule of the ingest table.
    project.replace(
        "pipelines/ingest/books.yaml",
        "where: copies < 0",
        "where: \"copies < 0 OR json_int(title, 'copies') < 0\"",
    );
    project.ok(&["run", "--source", "till", "--dates", DATES[0]]);
    project
}

/// What is planned with other versions of some functions: each table that is
/// made for what has changed, and what that is.
async fn planned(project: &Project, changed: &[&str]) -> BTreeMap<String, Vec<String>> {
    let mut versions = hubcensus_functions::versions();
    for function in changed {
        let version = versions.get_mut(*function).unwrap();
        version.push_str(", another");
    }
    let functions = Functions {
        scalars: hubcensus_functions::scalars(),
        aggregates: hubcensus_functions::aggregates(),
        versions,
    };
    let root = project.path("");
    let loaded = hubcensus_engine::load(&root, 1, &functions, &Operators::default())
        .await
        .unwrap();
    let resolved = loaded.result.unwrap();
    let lake = Lake::open(project.path("lake").to_str().unwrap())
        .await
        .unwrap();
    let request = Request {
        dates: vec![DATES[0].parse().unwrap()],
        source: Some(SourceRequest {
            name: "till".to_owned(),
            location: Some(
                project
                    .path("data/till_{date}.jsonl")
                    .to_str()
                    .unwrap()
                    .to_owned(),
            ),
        }),
        ..Request::default()
    };
    let plan = hubcensus_engine::plan(&resolved, &lake, &request)
        .await
        .unwrap();
    let steps = plan.steps.into_iter().filter_map(|step| {
        let causes = match step.forecast {
            Forecast::Make(causes) => causes,
            Forecast::UpToDate | Forecast::IfChanged(_) => return None,
            Forecast::Cannot(reason) | Forecast::Skip(reason) => panic!("{reason}"),
        };
        let causes = causes.iter().map(Cause::to_string).collect();
        Some((step.id.table.to_string(), causes))
    });
    steps.collect()
}

#[tokio::test]
async fn what_calls_a_function_is_made_with_its_version() {
    let project = project();
    let made =
        |table: &str, cause: &str| BTreeMap::from([(table.to_owned(), vec![cause.to_owned()])]);
    assert_eq!(planned(&project, &[]).await, BTreeMap::new());
    assert_eq!(
        planned(&project, &["tag_value"]).await,
        made("aggregate.tagged", "function tag_value changed")
    );
    assert_eq!(
        planned(&project, &["parse_quantity"]).await,
        made("aggregate.checked", "function parse_quantity changed")
    );
    assert_eq!(
        planned(&project, &["json_int"]).await,
        made("ingest.books", "function json_int changed")
    );
    // The classifiers are compiled in, or no more: nothing here calls them.
    assert_eq!(planned(&project, &["task_study"]).await, BTreeMap::new());
}

/// A table that was skipped for want of what a function gives is made when it
/// gives it.
#[tokio::test]
async fn what_was_skipped_is_made_with_another_version() {
    let project = project();
    project.write(
        "pipelines/aggregate/study.yaml",
        "stage: aggregate
jobs:
  - name: study
    description: Skipped, as no book has a task.
    query: |
      SELECT said['id'] AS isbn
      FROM (SELECT unnest(task_study(isbn, CAST(NULL AS VARCHAR), [title], [1.0], 20)) AS said FROM ingest.books)
    skip_if_empty: there is nothing to learn from
    key: [isbn]
    sort: [isbn]
    columns:
      isbn: {type: utf8, description: What names a book.}
",
    );
    project.ok(&["run", "aggregate.study"]);
    assert_eq!(planned(&project, &[]).await, BTreeMap::new());
    let again = planned(&project, &["task_study"]).await;
    assert_eq!(
        again.into_iter().collect::<Vec<_>>(),
        [(
            "aggregate.study".to_owned(),
            vec!["function task_study changed".to_owned()]
        )]
    );
}
