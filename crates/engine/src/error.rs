//! What can go wrong with a plan or a run as a whole. What goes wrong with one
//! table of one date is an outcome of its step, not an error.

use hubcensus_spec::{Diagnostic, SourceFile};

/// A selector that means no table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{selector}` selects no table: expected a stage, `stage.*`, `stage.table`, `+stage.table` \
     (with all that it needs) or `stage.table+` (with all that needs it){}",
    .near.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
)]
pub struct SelectorError {
    pub(crate) selector: String,
    pub(crate) near: Option<String>,
}

/// A failure that leaves nothing to go on with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The pipeline files or reference tables have mistakes.
    #[error("the pipeline files have {} mistake{}", .0.len(), if .0.len() == 1 { "" } else { "s" })]
    Mistakes(Vec<Diagnostic>),
    /// A selector means no table.
    #[error(transparent)]
    Selector(#[from] SelectorError),
    /// There is no such source.
    #[error(
        "no source `{name}`{}; the sources are: {known}",
        .near.as_ref().map(|near| format!(", did you mean `{near}`?")).unwrap_or_default()
    )]
    NoSource {
        /// What was asked for.
        name: String,
        /// The source most like it.
        near: Option<String>,
        /// All of them.
        known: String,
    },
    /// A location that does not say which of a source's tables it is of.
    #[error(
        "the source {name} has {tables}, and {location} does not say whose files it names: write \
         {{table}} in it in the place of their names"
    )]
    WhichTable {
        /// The source.
        name: String,
        /// The location.
        location: String,
        /// The tables that it fills.
        tables: String,
    },
    /// Dates were to be found by listing, but the location has no date in it.
    #[error("{location} has no {{date}} in it: say which dates it is read for with --dates")]
    NoDates {
        /// The location.
        location: String,
    },
    /// Dates were to be found by listing, but no file is where the location says.
    #[error("no file matches {location}: {found}")]
    NoSnapshots {
        /// The location.
        location: String,
        /// What is there instead.
        found: String,
    },
    /// Dates were to be found by listing, but a web server lists nothing.
    #[error(
        "{folder} cannot be listed, since a web server names no files: say which dates to read, as \
         in --dates 2026-08-19..2026-08-22"
    )]
    NoListing {
        /// What would be listed.
        folder: String,
    },
    /// A location of snapshots that means nothing.
    #[error("{location}: {reason}")]
    Location {
        /// The location as it may be shown.
        location: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file of the project that is none: a pipe, a socket, a device.
    #[error("{path} is no regular file: a pipeline is read from files")]
    NotRegular {
        /// Its path.
        path: String,
    },
    /// A file of the project is larger than any that a person writes.
    #[error("{path} has {bytes} bytes, and a pipeline file has at most {limit}: is it one?")]
    TooLarge {
        /// Its path.
        path: String,
        /// Its size.
        bytes: u64,
        /// The largest size.
        limit: u64,
    },
    /// An input cannot be read.
    #[error("cannot read {address}: {reason}")]
    Input {
        /// Its address.
        address: String,
        /// What the system or the store said.
        reason: String,
    },
    /// A file of the project cannot be read.
    #[error("cannot read {path}: {source}")]
    File {
        /// The file or directory.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// There are no pipeline files.
    #[error(
        "no pipeline files under {path}: expected YAML files in folders named after their stages"
    )]
    NoPipelines {
        /// The directory.
        path: String,
    },
    /// The lake cannot be read or written.
    #[error(transparent)]
    Lake(#[from] hubcensus_lake::Error),
    /// What was asked of the lake's tables cannot be answered.
    #[error("{0}")]
    Query(String),
    /// A query given by hand is wrong or failed: its mistakes, and the query as
    /// the file that they point into.
    #[error("{}", hubcensus_spec::render(.mistakes, std::slice::from_ref(.query), false).trim_end())]
    BadQuery {
        /// What is wrong with it.
        mistakes: Vec<Diagnostic>,
        /// The query.
        query: SourceFile,
    },
    /// The query engine failed where nothing could be planned around it.
    #[error("the query engine failed: {0}")]
    DataFusion(#[from] datafusion::common::DataFusionError),
}
