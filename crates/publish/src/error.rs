//! What can go wrong with a publication, and what to do about it.

use std::io;

/// The result of an operation on a published place.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong. Unless an error says otherwise, what was published before is whole, and the
/// same command goes on where it stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The lake, or an address.
    #[error(transparent)]
    Lake(#[from] hubcensus_lake::Error),
    /// A partition is not what its manifest says.
    #[error(
        "nothing was published: {partition} is not as its manifest says ({why}); `hubcensus verify` says what makes it again"
    )]
    Damaged {
        /// The partition.
        partition: String,
        /// What was expected and found.
        why: String,
    },
    /// None of the chosen tables has a snapshot of the chosen dates.
    #[error(
        "there is nothing to publish: {lake} has no snapshot of {tables} for the dates asked for; `hubcensus tables` lists what it has"
    )]
    Nothing {
        /// The address of the lake.
        lake: String,
        /// The chosen tables, in words.
        tables: String,
    },
    /// The place holds something else.
    #[error(
        "{place} is no place to publish to: it has {found} and no {record}; name an empty place, or one that was published to"
    )]
    Foreign {
        /// The place.
        place: String,
        /// What is there.
        found: String,
        /// What a published place has.
        record: &'static str,
    },
    /// A published file is gone or was changed, and the lake does not have it.
    #[error(
        "{place}/{path} is {what}, and the lake does not have it any more: put it back, or publish with --only, which leaves out what the lake does not have"
    )]
    Lost {
        /// The place.
        place: String,
        /// The file.
        path: String,
        /// Gone, or of another size.
        what: String,
    },
    /// The record of a place cannot be read.
    #[error(
        "{place}/{path} cannot be read ({why}): put back the file as it was published, or name another place"
    )]
    Record {
        /// The place.
        place: String,
        /// The record.
        path: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The place was published to by a later version of this program.
    #[error(
        "{place}/{path} has format {found}, and this version reads formats up to {known}: use a later version of hubcensus"
    )]
    NewerFormat {
        /// The place.
        place: String,
        /// The record.
        path: &'static str,
        /// The format that it states.
        found: u64,
        /// The latest that is known here.
        known: u32,
    },
    /// Another process publishes to the same place.
    #[error("{place} is being published to by {holder}: wait until it has ended")]
    Busy {
        /// The place.
        place: String,
        /// Who does.
        holder: String,
    },
    /// Another process published to the same store meanwhile.
    #[error(
        "{place} was published to by another process meanwhile ({path} is not the one that was read), and nothing of this publication counts: run the command again"
    )]
    Overtaken {
        /// The place.
        place: String,
        /// What was written by another.
        path: String,
    },
    /// A file that was verified has changed before it was written.
    #[error(
        "{path} changed while it was being published: do not run the pipeline meanwhile, then publish again"
    )]
    Changed {
        /// The file.
        path: String,
    },
    /// The file system refused an operation.
    #[error("cannot {operation} {path}: {source}")]
    Io {
        /// A verb: read, write, remove, …
        operation: &'static str,
        /// The file or directory.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// The object store refused an operation.
    #[error("cannot {operation} {path}: {source}")]
    Store {
        /// A verb: read, write, remove, …
        operation: &'static str,
        /// The object.
        path: String,
        /// What the store said.
        source: Box<object_store::Error>,
    },
    /// A Parquet file cannot be read, or not be written with other columns.
    #[error("cannot {operation} {path} as Parquet: {source}")]
    Parquet {
        /// A verb.
        operation: &'static str,
        /// The file.
        path: String,
        /// What the library said.
        source: Box<parquet::errors::ParquetError>,
    },
    /// A description cannot be written.
    #[error("cannot write {path}: {why}")]
    Document {
        /// The file.
        path: &'static str,
        /// What the library said.
        why: String,
    },
    /// A thread ended before its work.
    #[error("{0} ended unexpectedly: this is a mistake in the program")]
    Thread(&'static str),
}

impl Error {
    pub(crate) fn io(
        operation: &'static str,
        path: &std::path::Path,
    ) -> impl Fn(io::Error) -> Self {
        let path = path.display().to_string();
        move |source| Self::Io {
            operation,
            path: path.clone(),
            source,
        }
    }

    pub(crate) fn store(
        operation: &'static str,
        path: impl ToString,
    ) -> impl Fn(object_store::Error) -> Self {
        let path = path.to_string();
        move |source| Self::Store {
            operation,
            path: path.clone(),
            source: Box::new(source),
        }
    }

    pub(crate) fn parquet(
        operation: &'static str,
        path: &str,
    ) -> impl Fn(parquet::errors::ParquetError) -> Self {
        let path = path.to_owned();
        move |source| Self::Parquet {
            operation,
            path: path.clone(),
            source: Box::new(source),
        }
    }
}
