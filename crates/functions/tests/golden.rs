//! What every function returns, and by which version: a result that changes
//! without its version would leave tables as they were made before.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use datafusion::common::ScalarValue;
use datafusion::prelude::SessionContext;

const GOLDEN: &str = include_str!("golden.txt");

/// Calls of one version of a function, each with its value.
struct Section {
    function: &'static str,
    version: &'static str,
    calls: Vec<(&'static str, &'static str)>,
}

fn sections() -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for line in GOLDEN.lines() {
        if line.is_empty() || line.starts_with("# ") {
            continue;
        }
        if let Some(heading) = line.strip_prefix("== ") {
            let (function, version) = heading.split_once(", version ").unwrap();
            sections.push(Section {
                function,
                version,
                calls: Vec::new(),
            });
        } else {
            let call = line.split_once(" = ").unwrap();
            sections.last_mut().unwrap().calls.push(call);
        }
    }
    sections
}

fn context() -> SessionContext {
    let context = SessionContext::new();
    for function in hubcensus_functions::scalars() {
        context.register_udf(function);
    }
    for function in hubcensus_functions::aggregates() {
        context.register_udaf(function);
    }
    context
}

/// The models of a study, as their tasks are, each with its tag.
const MODELS: &str = "SELECT 'm' || CAST(n AS VARCHAR) AS id,
    CASE WHEN n = 0 THEN NULL WHEN n % 2 = 0 THEN 'even-task' ELSE 'odd-task' END AS task,
    [CASE WHEN n % 2 = 0 AND n > 0 THEN 'tag=even' ELSE 'tag=odd' END] AS tokens
    FROM (SELECT unnest(range(0, 201)) AS n)";

/// Models of three tasks, whose tags say which, or nothing, or another.
const MISLEADING: &str = "SELECT 'm' || CAST(n AS VARCHAR) AS id, 'task-' || CAST(n % 3 AS VARCHAR) AS task,
    ['tag=' || CAST((CASE WHEN n % 7 < 3 THEN n ELSE n / 5 END) % 3 AS VARCHAR), 'size=' || CAST(n % 4 AS VARCHAR)] AS tokens
    FROM (SELECT unnest(range(0, 300)) AS n)";

/// The SQL that a line of the file stands for.
fn sql(call: &str) -> String {
    let study = |models: &str, wanted: &str, of: &str| {
        format!(
            "SELECT {wanted} FROM (SELECT unnest(task_study(id, task, tokens, [1.0], CAST(NULL AS BIGINT))) AS said \
             FROM ({models})) WHERE {of}"
        )
    };
    match call {
        "task_study: classifiers that are right" => study(
            MODELS,
            "string_agg(said['classifier'], ', ' ORDER BY said['classifier'])",
            "said['id'] IS NULL AND said['accuracy'] = 1",
        ),
        "task_study: task of the model without one" => {
            study(MODELS, "max(said['task'])", "said['id'] = 'm0'")
        }
        "task_study: classifiers of one task" => study(
            &format!("SELECT * FROM ({MODELS}) WHERE task = 'odd-task'"),
            "string_agg(said['classifier'] || ' ' || CAST(said['accuracy'] AS VARCHAR), ' ')",
            "said['id'] IS NULL",
        ),
        "task_study: accuracies" => study(
            MISLEADING,
            "string_agg(said['classifier'] || ' ' || CAST(round(said['accuracy'], 3) AS VARCHAR), ', ' ORDER BY said['classifier'])",
            "said['id'] IS NULL",
        ),
        "task_study: of no model" => study(
            &format!("SELECT * FROM ({MODELS}) WHERE id = ''"),
            "max(said['task'])",
            "true",
        ),
        _ => match call.split_once(" OVER ") {
            Some((aggregate, values)) => {
                let values: Vec<String> = values
                    .split(", ")
                    .map(|value| format!("(CAST({value} AS DOUBLE))"))
                    .collect();
                format!(
                    "SELECT {aggregate} FROM (VALUES {}) AS t(x)",
                    values.join(", ")
                )
            }
            None => format!("SELECT {call}"),
        },
    }
}

async fn value(context: &SessionContext, call: &str) -> String {
    let frame = context.sql(&sql(call)).await.unwrap();
    let rows = frame.collect().await.unwrap();
    let value = ScalarValue::try_from_array(rows[0].column(0), 0).unwrap();
    if value.is_null() {
        "NULL".to_owned()
    } else {
        value.to_string()
    }
}

#[tokio::test]
async fn every_function_returns_what_its_version_says() {
    let versions = hubcensus_functions::versions();
    let context = context();
    let mut told: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for Section {
        function,
        version,
        calls,
    } in sections()
    {
        let Some(current) = versions.get(function) else {
            panic!("golden.txt has a function `{function}` that is none");
        };
        // Of a function that depends on a feature both versions are there.
        if current != version && version.starts_with("without ") != current.starts_with("without ")
        {
            continue;
        }
        assert_eq!(
            current, version,
            "`{function}` is of version {current}, golden.txt tells of {version}: write the new \
             version and its results into golden.txt"
        );
        *told.entry(function).or_default() += calls.len();
        for (call, expected) in calls {
            let found = value(&context, call).await;
            if found != expected {
                wrong.push(format!("{call}\n  expected {expected}\n  found    {found}"));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "results of functions changed, and their versions did not. Raise the version of each \
         function beside its definition, then write version and results into golden.txt; without \
         a new version tables made before stay as they are.\n{}",
        wrong.join("\n")
    );
    for function in versions.keys() {
        let calls = told.get(function.as_str());
        assert!(
            calls.is_some_and(|calls| *calls >= 2),
            "golden.txt does not say what `{function}` returns"
        );
    }
}
