//! What can go wrong when a sample is generated.

use chrono::NaiveDate;

/// Why facts were refused or a snapshot could not be generated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SampleError {
    /// A CSV text lacks a column.
    #[error("{file}: no column `{column}`; add it to the header")]
    Column {
        /// Which of the texts.
        file: &'static str,
        /// The column that was looked for.
        column: &'static str,
    },
    /// A CSV text is no CSV, or one of its fields is not what it should be.
    #[error("{file}, line {line}: {problem}")]
    Field {
        /// Which of the texts.
        file: &'static str,
        /// Counted from 1, the header included.
        line: u64,
        /// What was found, and what was expected.
        problem: String,
    },
    /// A CSV text has no row for something that is needed.
    #[error("{file}: no row for `{name}`; add one")]
    Absent {
        /// Which of the texts.
        file: &'static str,
        /// The measure, curve or choice that was looked for.
        name: String,
    },
    /// The shares cannot hold: a single model of the tail would outgrow the smallest entity.
    #[error("{models} models are too few for the published shares; ask for at least {minimum}")]
    TooFewModels {
        /// What was asked for.
        models: u64,
        /// The smallest number that works.
        minimum: u64,
    },
    /// Nothing is known of dates before the Hub's first creation date.
    #[error(
        "there is no snapshot of {date}: the first models are of {first}; ask for a later date"
    )]
    TooEarly {
        /// What was asked for.
        date: NaiveDate,
        /// The first date that can be generated.
        first: NaiveDate,
    },
    /// Rows could not be put into columns.
    #[error("rows could not be put into columns: {0}")]
    Arrow(#[from] arrow::error::ArrowError),
    /// The Parquet file could not be written.
    #[error("the Parquet file could not be written: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// The output could not be written.
    #[error("the output could not be written: {0}")]
    Io(#[from] std::io::Error),
}
