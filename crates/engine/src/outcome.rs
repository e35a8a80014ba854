//! What became of a step.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::json::LineDelimitedWriter;
use hubcensus_lake::Staged;
use hubcensus_spec::{Severity, SnapshotDate, TableName};

use crate::plan::Cause;

/// What became of one table of one date.
#[derive(Debug, Clone)]
pub struct StepOutcome {
    /// The table.
    pub table: TableName,
    /// The snapshot.
    pub date: SnapshotDate,
    /// What became of it.
    pub result: Outcome,
}

/// What became of a step.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// A new partition took its place.
    Made(Made),
    /// Nothing was run and nothing written.
    UpToDate,
    /// The snapshot lacks what the table is made from: there is no such
    /// partition, for this reason.
    Skipped(String),
    /// Not tried, because this input failed.
    Blocked(TableName),
    /// It failed; what was in the lake is as it was.
    Failed(Failure),
}

/// A partition as it was made.
#[derive(Debug, Clone, Default)]
pub struct Made {
    /// Why.
    pub causes: Vec<Cause>,
    /// Rows read from a source's file; 0 for what is made from other tables.
    pub read: u64,
    /// Rows written.
    pub rows: u64,
    /// Bytes written.
    pub bytes: u64,
    /// Checks that were run.
    pub checks: usize,
    /// What is odd but stays in.
    pub warnings: Vec<Violation>,
    /// Rows of the source's file that were set aside, by reason.
    pub rejected: BTreeMap<String, u64>,
    /// Where they are kept.
    pub rejected_at: Option<String>,
    /// The bytes are those that were there already.
    pub same: bool,
}

/// Why a step failed.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What happened, where, and what to do.
    pub message: String,
    /// Rules that were broken.
    pub violations: Vec<Violation>,
    /// Rows of the source's file that were set aside, by reason.
    pub rejected: BTreeMap<String, u64>,
    /// Where the rejected rows or partition are kept.
    pub kept_at: Option<String>,
}

impl Failure {
    pub(crate) fn of(message: String) -> Self {
        Self {
            message,
            violations: Vec::new(),
            rejected: BTreeMap::new(),
            kept_at: None,
        }
    }

    pub(crate) fn of_step(error: StepError) -> Self {
        let message = error.to_string();
        let mut failure = Self::of(message);
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

/// A rule that rows break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The rule's name.
    pub check: String,
    /// Whether it stops the partition.
    pub severity: Severity,
    /// How many rows break it.
    pub rows: u64,
    /// The first of them, one JSON object each.
    pub sample: Vec<String>,
}

impl Violation {
    /// A broken rule that stops the partition.
    pub(crate) fn error(check: String, rows: u64, sample: &RecordBatch) -> Self {
        Self {
            check,
            severity: Severity::Error,
            rows,
            sample: json_rows(sample),
        }
    }

    /// The rows kept, as a table of one column.
    pub(crate) fn batch(&self) -> Result<RecordBatch, arrow::error::ArrowError> {
        let rows: ArrayRef = Arc::new(StringArray::from_iter_values(&self.sample));
        RecordBatch::try_from_iter([("row", rows)])
    }

    /// A name for a file of these rows, the `at`-th of its kind.
    pub(crate) fn file_name(&self, at: usize) -> String {
        let name: String = self
            .check
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() {
                    c.to_ascii_lowercase()
                } else {
                    '_'
                }
            })
            .take(60)
            .collect();
        format!("check_{}_{}", at + 1, name.trim_matches('_'))
    }
}

/// The rows of a batch, one JSON object each.
pub(crate) fn json_rows(batch: &RecordBatch) -> Vec<String> {
    let mut bytes = Vec::new();
    let mut writer = LineDelimitedWriter::new(&mut bytes);
    let written = writer.write(batch).and_then(|()| writer.finish());
    match written {
        Ok(()) => String::from_utf8_lossy(&bytes)
            .lines()
            .map(str::to_owned)
            .collect(),
        Err(error) => vec![format!("{{\"unprintable\":\"{error}\"}}")],
    }
}

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
    /// Too many rows of the source's file were set aside.
    #[error(
        "{rejected} of the {rows} rows of {address} were set aside, more than the {limit} that the \
         snapshot may lose; mend the file, or raise `reject_limit` of the table"
    )]
    TooManyRejected {
        address: String,
        rejected: u64,
        rows: u64,
        limit: u64,
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
    /// The lake cannot take it.
    #[error(transparent)]
    Lake(#[from] hubcensus_lake::Error),
    /// An input cannot be had.
    #[error(transparent)]
    Engine(#[from] crate::error::EngineError),
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
        .map_err(datafusion::common::DataFusionError::from)?;
    let kept_at = staged.reject(&samples).await?;
    Ok(StepError::Rejected {
        violations,
        kept_at,
    })
}

impl From<datafusion::common::DataFusionError> for StepError {
    fn from(error: datafusion::common::DataFusionError) -> Self {
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
