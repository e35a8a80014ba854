//! Second phase: every query parsed, planned against the contracts of the
//! tables that it reads, and compared with the contract of the table that it
//! makes. No data is read but the reference tables'.

mod compare;
mod jobs;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use arrow::datatypes::DataType;
use datafusion::common::{DFSchema, DataFusionError};
use datafusion::logical_expr::ExprSchemable as _;
use hubcensus_spec::{
    Contract, Diagnostic, History, Project, Severity, SnapshotDate, Sql, TableName, TableRef,
};

use crate::fingerprint::{self, Prints};
use crate::graph::Graph;
use crate::reference::ReferenceData;
use crate::session::{Session, Tables};
use crate::sql::ReadOnly;
use walk::Resolver;

/// The parameter that every query has: the date of the snapshot.
pub(crate) const DATE_PARAMETER: &str = "snapshot_date";

/// A project whose every query is known to plan and to fill its contract.
#[derive(Debug)]
pub struct Resolved {
    /// What was written.
    pub project: Project,
    /// What it was resolved under: the directory that file names are relative to.
    pub root: PathBuf,
    /// What is odd but no mistake.
    pub warnings: Vec<Diagnostic>,
    pub(crate) session: Session,
    pub(crate) references: BTreeMap<TableName, ReferenceData>,
    pub(crate) reference_checks: BTreeMap<TableName, Vec<MadeCheck>>,
    pub(crate) made: BTreeMap<TableName, Made>,
    pub(crate) sources: BTreeMap<String, MadeFrom>,
    pub(crate) graph: Graph,
    pub(crate) order: Vec<TableName>,
}

impl Resolved {
    /// The contract of a table of any kind.
    pub(crate) fn contract(&self, name: &TableName) -> Option<&Contract> {
        self.project.table(name).map(TableRef::contract)
    }

    /// The parameters of a table's queries, as SQL.
    pub(crate) fn parameters(&self, made: &Made, date: SnapshotDate) -> BTreeMap<String, String> {
        let job = match &made.kind {
            Kind::Job(index, _) => self.project.jobs.get(*index),
            Kind::Ingest(_) => None,
        };
        let declared = job.map_or(&[][..], |job| job.parameters.as_slice());
        parameters(declared, Some(date))
    }
}

/// A table that the pipeline makes.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) kind: Kind,
    pub(crate) checks: Vec<MadeCheck>,
    /// The tables that its query and its checks read.
    pub(crate) inputs: BTreeSet<TableName>,
    pub(crate) history: BTreeMap<TableName, History>,
    pub(crate) definition: Prints,
}

/// How a table is made, with its place in the project's lists.
#[derive(Debug)]
pub(crate) enum Kind {
    /// From a source's file: `project.ingest_tables[_]`.
    Ingest(usize),
    /// From other tables: `project.jobs[_]`.
    Job(usize, Box<ReadOnly>),
}

/// A check whose query plans.
#[derive(Debug)]
pub(crate) struct MadeCheck {
    pub(crate) name: String,
    pub(crate) severity: Severity,
    pub(crate) query: ReadOnly,
    /// It asks of each row of its own table alone.
    pub(crate) of_each_row: bool,
}

/// A source: how the rows of a file become rows of an ingest table.
#[derive(Debug)]
pub(crate) struct MadeFrom {
    pub(crate) index: usize,
    pub(crate) query: ReadOnly,
    pub(crate) references: BTreeSet<TableName>,
    pub(crate) definition: Prints,
}

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
) -> Result<Resolved, Vec<Diagnostic>> {
    let session = Session::new(cores).map_err(|e| {
        vec![Diagnostic::error(
            "engine",
            format!("cannot set up the query engine: {e}"),
        )]
    })?;
    let mut resolver = Resolver::new(&project, &session);
    let made = resolver.made().await;
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
        made,
        sources,
        graph,
        order,
    })
}

/// A rejection rule as an expression over the columns of `schema`.
pub(crate) fn condition(
    session: &Session,
    sql: &Sql,
    schema: &DFSchema,
) -> Result<datafusion::logical_expr::Expr, DataFusionError> {
    let state = session.seeing(&Tables::default())?;
    let expression = state.create_logical_expr(&sql.text, schema)?;
    match expression.get_type(schema)? {
        DataType::Boolean | DataType::Null => Ok(expression),
        other => Err(DataFusionError::Plan(format!(
            "a condition must be true or false, this is {}",
            compare::plain(&other)
        ))),
    }
}

/// The values of a job's parameters as typed SQL, the snapshot's date included.
pub(crate) fn parameters(
    declared: &[hubcensus_spec::Parameter],
    date: Option<hubcensus_spec::SnapshotDate>,
) -> BTreeMap<String, String> {
    let mut values: BTreeMap<String, String> = declared
        .iter()
        .map(|parameter| {
            (
                parameter.name.value.clone(),
                fingerprint::literal(&parameter.value),
            )
        })
        .collect();
    let date = date.map_or_else(|| "2000-01-01".to_owned(), |date| date.to_string());
    values.insert(DATE_PARAMETER.to_owned(), format!("CAST('{date}' AS DATE)"));
    values
}
