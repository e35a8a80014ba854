//! Rules that rows break, and the rows that break them.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::json::LineDelimitedWriter;
use hubcensus_spec::Severity;

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
    /// What is odd, in words, where no row shows it.
    pub note: Option<String>,
}

impl Violation {
    /// A broken rule that stops the partition.
    pub(crate) fn error(check: String, rows: u64, sample: &RecordBatch) -> Self {
        Self {
            check,
            severity: Severity::Error,
            rows,
            sample: json_rows(sample),
            note: None,
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

/// The violation of a check that `rows` rows break, if any does.
pub(crate) fn violation(
    check: String,
    severity: Severity,
    rows: u64,
    sample: &RecordBatch,
) -> Option<Violation> {
    (rows > 0).then(|| Violation {
        check,
        severity,
        rows,
        sample: json_rows(sample),
        note: None,
    })
}
