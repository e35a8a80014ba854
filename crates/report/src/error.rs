//! What can go wrong with a report, and what to do about it.

use std::io;
use std::path::PathBuf;

/// The result of making a report.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong. What stood in the folder before is whole.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The lake.
    #[error(transparent)]
    Lake(#[from] hubcensus_lake::Error),
    /// None of the tables that charts are drawn of has a snapshot of the dates.
    #[error(
        "there is nothing to draw: {lake} has no table with a chart for the dates asked for; `hubcensus run` makes them"
    )]
    Nothing {
        /// The address of the lake.
        lake: String,
    },
    /// The folder holds something else.
    #[error(
        "{} is no report: it has {found} and no {marker}; name an empty folder, or one that has a report", .folder.display()
    )]
    Foreign {
        /// The folder.
        folder: PathBuf,
        /// What is there.
        found: String,
        /// What a report has.
        marker: &'static str,
    },
    /// A file or a folder.
    #[error("cannot {doing} {}: {source}", .path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// Of what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Rows that cannot be written.
    #[error("cannot write the rows of {table}: {why}")]
    Rows {
        /// The table.
        table: String,
        /// Why not.
        why: String,
    },
}

impl Error {
    pub(crate) fn io(
        doing: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            doing,
            path,
            source,
        }
    }
}
