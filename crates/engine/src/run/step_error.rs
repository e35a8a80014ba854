//! Why a partition was not made.

use std::any::Any;

use datafusion::common::DataFusionError;
use hubcensus_lake::Staged;

use crate::audit::AuditError;
use crate::audit::violation::Violation;
use crate::error::EngineError;
use crate::outcome::Failure;

/// Why a partition was not made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StepError {
    /// Its rows break its rules.
    #[error("{} of its rules broken", .violations.len())]
    Rejected {
        violations: Vec<Violation>,
        /// Where the rows and the refused file are kept.
        kept_at: String,
    },
    /// No row of the source's file is usable.
    #[error("none of the {rows} rows of {address} is usable, all were set aside{because}")]
    NothingUsable {
        address: String,
        rows: u64,
        /// Which columns no row has, after a semicolon.
        because: String,
    },
    /// Too many rows of the source's file were set aside.
    #[error(
        "{rejected} of the {rows} rows of {address} were set aside{of_reason}, more than the {limit} \
         that the snapshot may lose{because}; mend the file, or raise `reject_limit` of the table or \
         the source"
    )]
    TooManyRejected {
        address: String,
        rejected: u64,
        /// The reason, where it has a limit of its own.
        of_reason: String,
        rows: u64,
        limit: u64,
        /// Which columns no row has, after a semicolon.
        because: String,
    },
    /// The file cannot be read as what it is said to be.
    #[error("{0}")]
    Unreadable(String),
    /// The query failed while it ran.
    #[error("the query failed: {0}")]
    Query(String),
    /// The query engine broke its promise.
    #[error(
        "row {row} came before its place in the order of `sort` ({columns}); the query engine lost the \
         order of the query, which another way to write it may keep"
    )]
    OutOfOrder { row: u64, columns: String },
    /// Something that reads or computes broke off.
    #[error(
        "a part of the program broke off ({0}); a damaged file is the likeliest cause, which \
         `hubcensus verify` finds in the lake"
    )]
    Panicked(String),
    /// The lake cannot take it.
    #[error(transparent)]
    Lake(#[from] hubcensus_lake::Error),
    /// A check could not be run.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// An input cannot be had.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl StepError {
    /// Whether the source's files were read to their end, and their rows are
    /// what is wrong.
    pub(crate) fn is_of_rows(&self) -> bool {
        matches!(
            self,
            Self::NothingUsable { .. } | Self::TooManyRejected { .. }
        )
    }
}

/// What a panic says of itself.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "it does not say why".to_owned())
}

/// Keeps a refused file and the rows for which it is refused.
pub(crate) async fn reject(
    staged: Staged,
    violations: Vec<Violation>,
) -> Result<StepError, StepError> {
    let samples = violations
        .iter()
        .enumerate()
        .map(|(at, violation)| Ok((violation.file_name(at), vec![violation.batch()?])))
        .collect::<Result<Vec<_>, arrow::error::ArrowError>>()
        .map_err(DataFusionError::from)?;
    let kept_at = staged.reject(&samples).await?;
    Ok(StepError::Rejected {
        violations,
        kept_at,
    })
}

impl From<DataFusionError> for StepError {
    fn from(error: DataFusionError) -> Self {
        let mut source: Option<&(dyn std::error::Error + 'static)> = Some(&error);
        while let Some(at) = source {
            if let Some(read) = at.downcast_ref::<hubcensus_hub::read::ReadError>() {
                return Self::Unreadable(read.to_string());
            }
            source = at.source();
        }
        Self::Query(error.strip_backtrace())
    }
}

impl From<StepError> for Failure {
    fn from(error: StepError) -> Self {
        let mut failure = Self::of(error.to_string());
        if let StepError::Rejected {
            violations,
            kept_at,
        } = error
        {
            failure.violations = violations;
            failure.kept_at = Some(kept_at);
        }
        failure
    }
}
