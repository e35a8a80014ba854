//! Second phase: every query parsed, planned against the contracts of the
//! tables that it reads, and compared with the contract of the table that it
//! makes. No data is read but the reference tables'.

mod compare;
pub(crate) mod fingerprint;
pub(crate) mod graph;
mod parallel;
pub(crate) mod resolved;
mod resolver;
mod sources;

use std::collections::BTreeMap;
use std::path::PathBuf;

use hubcensus_exec::Operators;
use hubcensus_spec::{Diagnostic, Project, Severity, TableName};

use crate::query::session::{Functions, Session};
use crate::reference::ReferenceData;
use crate::resolve::resolved::Resolved;
use crate::resolve::resolver::Resolver;

/// Checks a project as a whole.
///
/// # Errors
///
/// Every mistake found, in the order of files and places.
pub(crate) async fn resolve(
    project: Project,
    root: PathBuf,
    references: BTreeMap<TableName, ReferenceData>,
    cores: usize,
    functions: &Functions,
    operators: Operators,
) -> Result<Resolved, Vec<Diagnostic>> {
    let session = Session::new(cores, functions, operators).map_err(|e| {
        vec![Diagnostic::error(
            "engine",
            format!("cannot set up the query engine: {e}"),
        )]
    })?;
    let mut resolver = Resolver::new(&project, &session);
    let recipes = resolver.recipes(parallel::all(&project, &session)).await;
    let sources = resolver.sources().await;
    let reference_checks = resolver.reference_checks().await;
    let order = resolver.order();
    let Resolver {
        mut diagnostics,
        graph,
        ..
    } = resolver;
    hubcensus_spec::tidy(&mut diagnostics);
    // The jobs of a matrix share their places: one of them tells it for all.
    diagnostics.dedup_by(|a, b| a.span.is_some() && (a.code, a.span) == (b.code, b.span));
    let (errors, warnings): (Vec<_>, Vec<_>) = diagnostics
        .into_iter()
        .partition(|d| d.severity == Severity::Error);
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok(Resolved {
        project,
        root,
        warnings,
        session,
        references,
        reference_checks,
        recipes,
        sources,
        graph,
        order,
    })
}
