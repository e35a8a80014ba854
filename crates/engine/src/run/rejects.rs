//! The rows of a file that are set aside: counted by reason, the first of them
//! kept.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::error::ArrowError;

/// How many rows of a file are kept; those after them are only counted.
const KEPT: usize = 100_000;

/// A row set aside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rejected {
    /// Its place in the file: a line of text formats, else a row, from 1.
    pub(crate) row: u64,
    pub(crate) reason: String,
    /// The column, what was expected, what was found.
    pub(crate) detail: String,
    /// The row itself.
    pub(crate) content: String,
}

/// Where readers on several threads leave the rows that they set aside.
#[derive(Debug, Clone, Default)]
pub(crate) struct RejectLog(Arc<Mutex<Log>>);

#[derive(Debug, Default)]
struct Log {
    counts: BTreeMap<String, u64>,
    kept: BTreeMap<u64, Rejected>,
    read: u64,
}

impl RejectLog {
    fn lock(&self) -> std::sync::MutexGuard<'_, Log> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a row and keeps it if it is among the first.
    pub(crate) fn add(&self, rejected: Rejected) {
        let mut log = self.lock();
        *log.counts.entry(rejected.reason.clone()).or_default() += 1;
        log.kept.insert(rejected.row, rejected);
        if log.kept.len() > KEPT {
            log.kept.pop_last();
        }
    }

    /// Counts rows that were read, set aside or not.
    pub(crate) fn read(&self, rows: u64) {
        self.lock().read += rows;
    }

    /// Rows read so far.
    pub(crate) fn rows_read(&self) -> u64 {
        self.lock().read
    }

    /// Rows set aside, by reason.
    pub(crate) fn counts(&self) -> BTreeMap<String, u64> {
        self.lock().counts.clone()
    }

    /// The rows kept, in the order of the file.
    pub(crate) fn batch(&self, file: &str) -> Result<Option<RecordBatch>, ArrowError> {
        let log = self.lock();
        if log.kept.is_empty() {
            return Ok(None);
        }
        let rows: Vec<i64> = log
            .kept
            .values()
            .map(|r| i64::try_from(r.row).unwrap_or(i64::MAX))
            .collect();
        let text = |value: fn(&Rejected) -> &str| -> ArrayRef {
            Arc::new(StringArray::from_iter_values(log.kept.values().map(value)))
        };
        let files: ArrayRef = Arc::new(StringArray::from_iter_values(
            log.kept.values().map(|_| file),
        ));
        RecordBatch::try_from_iter([
            ("file", files),
            ("row", Arc::new(Int64Array::from(rows)) as ArrayRef),
            ("reason", text(|r| &r.reason)),
            ("detail", text(|r| &r.detail)),
            ("content", text(|r| &r.content)),
        ])
        .map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counted_by_reason_and_kept_in_order() {
        let log = RejectLog::default();
        for (row, reason) in [(9, "b"), (3, "a"), (5, "b")] {
            log.add(Rejected {
                row,
                reason: reason.into(),
                detail: String::new(),
                content: String::new(),
            });
        }
        assert_eq!(
            log.counts(),
            BTreeMap::from([("a".into(), 1), ("b".into(), 2)])
        );
        let batch = log.batch("f").unwrap().unwrap();
        let rows = batch.column_by_name("row").unwrap();
        assert_eq!(rows.as_ref(), &Int64Array::from(vec![3, 5, 9]));
    }
}
