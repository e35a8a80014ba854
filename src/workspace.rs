//! The project and the lake that a command works on.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use hubcensus_engine::{EngineError, Functions, Operators, PIPELINES, RULES, Resolved};
use hubcensus_lake::Lake;

use crate::cli::Global;
use crate::console::Console;
use crate::present;

/// Bytes of each thread's stack, as many as the main thread has: DataFusion
/// calls itself at each level of a query.
const STACK: usize = 8 << 20;

/// Runs a command's work on as many threads as it may use.
pub(crate) fn block_on<T>(
    global: &Global,
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores(global))
        .thread_stack_size(STACK)
        .enable_all()
        .build()
        .context("cannot start")?
        .block_on(work)
}

/// How many processors a command may use.
pub(crate) fn cores(global: &Global) -> usize {
    global
        .cores
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(2, usize::from))
        .max(1)
}

/// The project's directory.
pub(crate) fn root(global: &Global) -> anyhow::Result<PathBuf> {
    if let Some(project) = &global.project {
        return Ok(project.clone());
    }
    let here = std::env::current_dir().context("cannot tell the current directory")?;
    match here.ancestors().find(|dir| dir.join(PIPELINES).is_dir()) {
        Some(root) if root == here => Ok(PathBuf::new()),
        Some(root) => Ok(root.to_owned()),
        None => bail!(
            "no project here: expected a directory `{PIPELINES}` in {} or above; name the project \
             with --project",
            here.display()
        ),
    }
}

/// The project, checked; `None` if it has mistakes, which are told.
pub(crate) async fn project(
    global: &Global,
    console: &Console,
) -> anyhow::Result<Option<Resolved>> {
    let loaded =
        hubcensus_engine::load(&root(global)?, cores(global), &functions(), &operators()?).await?;
    match loaded.result {
        Ok(resolved) => {
            if !resolved.warnings.is_empty() {
                present::diagnostics(console, &resolved.warnings, &loaded.files);
            }
            Ok(Some(resolved))
        }
        Err(mistakes) => {
            present::diagnostics(console, &mistakes, &loaded.files);
            let error = EngineError::Mistakes(mistakes);
            console.tell(format!("error: {error}"));
            Ok(None)
        }
    }
}

/// Whether the reference tables keep their own rules; what breaks them is
/// told.
pub(crate) async fn references_hold(
    console: &Console,
    resolved: &Resolved,
) -> anyhow::Result<bool> {
    let mistakes = hubcensus_engine::check_references(resolved).await?;
    if mistakes.is_empty() {
        return Ok(true);
    }
    present::diagnostics(console, &mistakes, &resolved.files);
    console.tell(format!("error: {}", EngineError::Mistakes(mistakes)));
    Ok(false)
}

/// The lake.
pub(crate) async fn lake(global: &Global) -> anyhow::Result<Lake> {
    let address = match &global.lake {
        Some(address) => address.clone(),
        None => root(global)?.join("lake").to_string_lossy().into_owned(),
    };
    Ok(Lake::open(&address).await?)
}

/// Whose operators carry out the queries: DataFusion's alone if `HUBCENSUS_PLAIN`
/// is 1, or the program's without the rules that it names, separated by commas.
/// For tests, measurements, and to tell whose fault an error is.
fn operators() -> anyhow::Result<Operators> {
    let value = std::env::var("HUBCENSUS_PLAIN").unwrap_or_default();
    match value.as_str() {
        "" | "0" => return Ok(Operators::Own),
        "1" => return Ok(Operators::Plain),
        _ => {}
    }
    let names: Vec<String> = value
        .split(',')
        .map(|name| name.trim().to_owned())
        .collect();
    if let Some(name) = names.iter().find(|name| !RULES.contains(&name.as_str())) {
        bail!(
            "HUBCENSUS_PLAIN names no rule `{name}`: expected 1, or of {} those to do without, \
             separated by commas",
            RULES.join(", ")
        );
    }
    Ok(Operators::Without(names))
}

/// The SQL functions that the pipelines may call.
fn functions() -> Functions {
    Functions {
        scalars: hubcensus_functions::scalars(),
        aggregates: hubcensus_functions::aggregates(),
        versions: hubcensus_functions::versions(),
    }
}
