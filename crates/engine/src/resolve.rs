//! Second phase: every query parsed, planned against the contracts of the
//! tables that it reads, and compared with the contract of the table that it
//! makes. No data is read but the reference tables'.

mod checked;
mod compare;
mod context;
pub(crate) mod fingerprint;
pub(crate) mod graph;
mod ingest;
mod jobs;
mod lookups;
mod order;
mod parallel;
pub(crate) mod resolved;
mod rules;
mod sources;

use std::collections::BTreeMap;
use std::path::PathBuf;

use hubcensus_exec::Operators;
use hubcensus_spec::{Diagnostic, Project, Severity, SourceFile, TableName};

use crate::audit::rule::ResolvedCheck;
use crate::query::parameters::parameters;
use crate::query::session::{Functions, Session};
use crate::reference::ReferenceData;
use crate::resolve::checked::Checked;
use crate::resolve::context::Context;
use crate::resolve::order::Recipes;
use crate::resolve::resolved::Resolved;

/// Checks a project as a whole. `files` are the pipeline files and those of the
/// reference tables.
///
/// # Errors
///
/// Every mistake found, in the order of files and places.
pub(crate) async fn resolve(
    project: Project,
    root: PathBuf,
    files: Vec<SourceFile>,
    references: BTreeMap<TableName, ReferenceData>,
    cores: usize,
    functions: &Functions,
    operators: &Operators,
) -> Result<Resolved, Vec<Diagnostic>> {
    let session = Session::new(cores, functions, operators).map_err(|e| {
        vec![Diagnostic::error(
            "engine",
            format!("cannot set up the query engine: {e}"),
        )]
    })?;
    let context = Context {
        project: &project,
        session: &session,
    };
    let mut diagnostics = Vec::new();
    let Recipes { recipes, graph } = context.recipes().await.take(&mut diagnostics);
    let sources = context.sources().await.take(&mut diagnostics);
    let reference_checks = context.reference_checks().await.take(&mut diagnostics);
    let order = context.order(&graph).take(&mut diagnostics);
    hubcensus_spec::tidy(&mut diagnostics);
    let (errors, warnings): (Vec<_>, Vec<_>) = diagnostics
        .into_iter()
        .partition(|d| d.severity == Severity::Error);
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok(Resolved {
        project,
        root,
        files,
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

impl Context<'_> {
    async fn reference_checks(&self) -> Checked<BTreeMap<TableName, Vec<ResolvedCheck>>> {
        let none = BTreeMap::new();
        let values = parameters(&[], None);
        let mut diagnostics = Vec::new();
        let mut resolved = BTreeMap::new();
        for table in &self.project.references {
            let name = &table.name.value;
            let checks = self.checks(name, &table.checks, &none, &values).await;
            diagnostics.extend(rules::patterns(&table.contract));
            resolved.insert(name.clone(), checks.take(&mut diagnostics).checks);
        }
        Checked::new(resolved, diagnostics)
    }
}
