//! Everything that the pipeline files of a project say.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::check::Check;
use crate::contract::Contract;
use crate::diagnostic::{Diagnostic, Spanned};
use crate::job::Job;
use crate::name::TableName;
use crate::source::Source;
use crate::source::like::Like;
use crate::table::{IngestTable, ReferenceTable};

/// The stage whose tables people keep.
pub const REFERENCE: &str = "reference";

/// The stage whose tables sources fill.
pub const INGEST: &str = "ingest";

/// A pipeline file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// The path as it is shown; its folder is the stage.
    pub path: String,
    /// What stands in it.
    pub text: String,
}

/// What the files say, as far as it could be read.
///
/// Everything that has a name is here, even if something is wrong with it, so that what refers to
/// it can be judged; [`Project::is_complete`] tells whether its contract can be relied upon, and
/// a query that is missing is an empty one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Project {
    /// The files; [`Span::file`](crate::Span::file) counts them from 0.
    pub files: Vec<SourceFile>,
    /// The reference tables, in the order of files and lines.
    pub references: Vec<ReferenceTable>,
    /// The ingest tables, in the order of files and lines.
    pub ingest_tables: Vec<Arc<IngestTable>>,
    /// The sources, in the order of files and lines, those that are like others last.
    pub sources: Vec<Arc<Source>>,
    /// The jobs, in the order of files and lines, matrices expanded.
    pub jobs: Vec<Arc<Job>>,
    /// Tables in whose contract something is wrong: what follows from it is not worth saying.
    pub incomplete: BTreeSet<TableName>,
    /// The sources that are like others, as written.
    pub(crate) likes: Vec<Like>,
    /// Whether there are sources that could not be read.
    pub(crate) unread_sources: bool,
    /// Stages of which something could not be read, so that they may have tables unknown here.
    pub unreadable_stages: BTreeSet<String>,
}

/// What came of reading pipeline files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parsed {
    /// What could be read.
    pub project: Project,
    /// What is wrong, sorted by file and position. With an error among it, nothing may be run.
    pub diagnostics: Vec<Diagnostic>,
}

/// A table of a project, of whichever kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TableRef<'a> {
    /// Kept by people.
    Reference(&'a ReferenceTable),
    /// Filled by sources.
    Ingest(&'a IngestTable),
    /// Made by a query.
    Job(&'a Job),
}

impl<'a> TableRef<'a> {
    /// Its name, and where that is written.
    pub fn name(self) -> &'a Spanned<TableName> {
        match self {
            Self::Reference(table) => &table.name,
            Self::Ingest(table) => &table.name,
            Self::Job(job) => &job.name,
        }
    }

    /// What it holds.
    pub fn description(self) -> &'a str {
        match self {
            Self::Reference(table) => &table.description,
            Self::Ingest(table) => &table.description,
            Self::Job(job) => &job.description,
        }
    }

    /// The section of lists of tables that it belongs to, if it is said.
    pub fn section(self) -> Option<&'a str> {
        match self {
            Self::Reference(_) | Self::Ingest(_) => None,
            Self::Job(job) => job.section.as_deref(),
        }
    }

    /// Whether it is there for other tables.
    pub fn is_intermediate(self) -> bool {
        matches!(self, Self::Job(job) if job.intermediate)
    }

    /// What it promises.
    pub fn contract(self) -> &'a Contract {
        match self {
            Self::Reference(table) => &table.contract,
            Self::Ingest(table) => &table.contract,
            Self::Job(job) => &job.contract,
        }
    }

    /// What must hold of it.
    pub fn checks(self) -> &'a [Check] {
        match self {
            Self::Reference(table) => &table.checks,
            Self::Ingest(table) => &table.checks,
            Self::Job(job) => &job.checks,
        }
    }
}

impl Project {
    /// Every table: reference tables, ingest tables, jobs.
    pub fn tables(&self) -> impl Iterator<Item = TableRef<'_>> {
        let references = self.references.iter().map(TableRef::Reference);
        let ingest = self
            .ingest_tables
            .iter()
            .map(|table| TableRef::Ingest(table));
        let jobs = self.jobs.iter().map(|job| TableRef::Job(job));
        references.chain(ingest).chain(jobs)
    }

    /// The table of that name; the first, if there are several.
    pub fn table(&self, name: &TableName) -> Option<TableRef<'_>> {
        self.tables().find(|table| table.name().value == *name)
    }

    /// The entries of the source of that name, one for each table that it fills.
    pub fn source<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Arc<Source>> {
        let all = self.sources.iter();
        all.filter(move |source| source.name.value == name)
    }

    /// Remembers what is not to be relied upon after reading a table of `stage`: one without a
    /// name, or one whose contract is not complete.
    pub(crate) fn note(&mut self, stage: &str, table: Option<(&Spanned<TableName>, bool)>) {
        match table {
            None => {
                self.unreadable_stages.insert(stage.to_owned());
            }
            Some((name, false)) => {
                self.incomplete.insert(name.value.clone());
            }
            Some((_, true)) => {}
        }
    }

    /// Whether the table's contract is what its author meant.
    pub fn is_complete(&self, name: &TableName) -> bool {
        !self.incomplete.contains(name)
    }

    /// Whether there is a table of that name, or may be one in what could not be read.
    pub fn may_have(&self, name: &TableName) -> bool {
        self.unreadable_stages.contains(name.stage()) || self.table(name).is_some()
    }
}
