//! What can go wrong with a lake, and what to do about it.

use std::io;

use arrow::datatypes::DataType;

/// The result of an operation on a lake.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address of a lake cannot be used.
    #[error("`{address}` is no address of a lake: {why}")]
    Address {
        /// The address as it was given.
        address: String,
        /// What is wrong with it.
        why: String,
    },
    /// There is no lake at the address.
    #[error(
        "there is no lake at {address}: {why}; `hubcensus run` makes one, or name another with --lake"
    )]
    NoLake {
        /// The address as it was given.
        address: String,
        /// What was looked for.
        why: String,
    },
    /// A step of a commit failed after the new partition had come into its place.
    #[error(
        "the new {partition} is in its place, with its manifest, but the system does not say that it will stay: {source}"
    )]
    InPlace {
        /// The partition.
        partition: String,
        /// What went wrong.
        source: Box<Error>,
    },
    /// A step of a commit failed, and so did what was to settle the partition.
    #[error("{source}; then {then}, so {partition} counts as absent until it is made again")]
    Unsettled {
        /// The partition.
        partition: String,
        /// What went wrong first.
        source: Box<Error>,
        /// What went wrong then.
        then: Box<Error>,
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
        /// The object's address.
        path: String,
        /// What the store said.
        source: Box<object_store::Error>,
    },
    /// Another process writes to the lake.
    #[error(
        "{lake} is being written to by {holder}: wait until it has ended, or write to another lake"
    )]
    Locked {
        /// The address of the lake.
        lake: String,
        /// Who holds the lock, as it describes itself.
        holder: String,
    },
    /// The lease of the lock could not be renewed in time, and someone else may write by now.
    #[error(
        "the lock of {lake} was lost ({why}): nothing was committed since, run again to go on where this run stopped"
    )]
    LockLost {
        /// The address of the lake.
        lake: String,
        /// Why the lease was not renewed.
        why: String,
    },
    /// The store has no conditional put, so one writer at a time cannot be promised.
    #[error(
        "{lake} cannot be written to: its store knows no conditional put, by which one writer at a time is ensured"
    )]
    LockUnsupported {
        /// The address of the lake.
        lake: String,
    },
    /// A manifest was written by a later version of this program.
    #[error(
        "{path} has format {found}, and this version reads formats up to {known}: use a later version of hubcensus"
    )]
    NewerFormat {
        /// The manifest.
        path: String,
        /// The format it states.
        found: u64,
        /// The latest format known here.
        known: u32,
    },
    /// The schema asked for a type that no table may have.
    #[error(
        "column `{column}` has type {found}, which no table may have: expected utf8, int64, float64, boolean, date32, timestamp (µs, UTC) or list<utf8>"
    )]
    Type {
        /// The column.
        column: String,
        /// Its Arrow type.
        found: DataType,
    },
    /// The description of a file contradicts itself.
    #[error("a file of {table} cannot be written: {why}")]
    FileSpec {
        /// The table.
        table: String,
        /// What is wrong.
        why: String,
    },
    /// A batch does not have the columns that the file was opened with.
    #[error("a batch does not fit its file: expected {expected}, found {found}")]
    Columns {
        /// The columns of the file.
        expected: String,
        /// The columns of the batch.
        found: String,
    },
    /// A column that may not be null is.
    #[error("column `{column}` is null in row {row}, and its contract does not allow that")]
    Null {
        /// The column.
        column: String,
        /// The row of the file, counted from 1.
        row: u64,
    },
    /// Parquet could not be encoded.
    #[error("cannot encode {path} as Parquet: {source}")]
    Parquet {
        /// The file being written.
        path: String,
        /// What the encoder said.
        source: Box<parquet::errors::ParquetError>,
    },
    /// Rows could not be brought into plain types.
    #[error("cannot write the rows set aside: {0}")]
    Arrow(#[from] arrow::error::ArrowError),
    /// The name of a side file or of a check cannot be a file name.
    #[error(
        "`{0}` cannot be a file name here: expected letters, digits, `.`, `-` and `_`, not beginning with `.`"
    )]
    FileName(String),
    /// A thread of the encoder or of the disk ended before its work.
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

    pub(crate) fn parquet(
        path: &std::path::Path,
    ) -> impl Fn(parquet::errors::ParquetError) -> Self {
        let path = path.display().to_string();
        move |source| Self::Parquet {
            path: path.clone(),
            source: Box::new(source),
        }
    }
}
