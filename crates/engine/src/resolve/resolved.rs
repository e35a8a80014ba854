//! What resolving a project gives: every table with what it is made from.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use hubcensus_spec::{
    Contract, Diagnostic, History, IngestTable, Job, Project, SnapshotDate, Source, SourceFile,
    TableName, TableRef,
};

use crate::audit::rule::ResolvedCheck;
use crate::query::parameters::parameters;
use crate::query::session::Session;
use crate::query::sql::ReadOnly;
use crate::reference::ReferenceData;
use crate::resolve::fingerprint::FingerprintParts;
use crate::resolve::graph::Graph;

/// A project whose every query is known to plan and to fill its contract.
#[derive(Debug)]
pub struct Resolved {
    /// What was written.
    pub project: Project,
    /// What it was resolved under: the directory that file names are relative to.
    pub root: PathBuf,
    /// The pipeline files and those of the reference tables, for diagnostics to
    /// show lines of.
    pub files: Vec<SourceFile>,
    /// What is odd but no mistake.
    pub warnings: Vec<Diagnostic>,
    pub(crate) session: Session,
    pub(crate) references: BTreeMap<TableName, ReferenceData>,
    pub(crate) reference_checks: BTreeMap<TableName, Vec<ResolvedCheck>>,
    /// How each table is made, reference tables excluded.
    pub(crate) recipes: BTreeMap<TableName, Recipe>,
    /// By the source's name and the table that the entry fills.
    pub(crate) sources: BTreeMap<(String, TableName), ResolvedSource>,
    pub(crate) graph: Graph,
    pub(crate) order: Vec<TableName>,
}

impl Resolved {
    /// The contract of a table of any kind.
    pub(crate) fn contract(&self, name: &TableName) -> Option<&Contract> {
        self.project.table(name).map(TableRef::contract)
    }
}

/// How a table is made.
#[derive(Debug)]
pub(crate) struct Recipe {
    pub(crate) origin: Origin,
    pub(crate) checks: Vec<ResolvedCheck>,
    /// The tables that its query and its checks read.
    pub(crate) inputs: BTreeSet<TableName>,
    pub(crate) history: BTreeMap<TableName, History>,
    pub(crate) definition: FingerprintParts,
}

impl Recipe {
    /// The parameters of the table's queries, as SQL.
    pub(crate) fn parameters(&self, date: SnapshotDate) -> BTreeMap<String, String> {
        let declared = match &self.origin {
            Origin::Job(job) => job.job.parameters.as_slice(),
            Origin::Ingest(_) => &[],
        };
        parameters(declared, Some(date))
    }
}

/// What a table is made from.
#[derive(Debug)]
pub(crate) enum Origin {
    /// A source's file.
    Ingest(Arc<IngestTable>),
    /// Other tables.
    Job(Box<ResolvedJob>),
}

/// A job whose query plans.
#[derive(Debug)]
pub(crate) struct ResolvedJob {
    pub(crate) job: Arc<Job>,
    pub(crate) query: ReadOnly,
}

/// A source: how the rows of a file become rows of an ingest table.
#[derive(Debug)]
pub(crate) struct ResolvedSource {
    pub(crate) source: Arc<Source>,
    pub(crate) query: ReadOnly,
    pub(crate) references: BTreeSet<TableName>,
    pub(crate) definition: FingerprintParts,
}
