//! The rows of a file that are set aside: counted by reason, the first of them
//! kept.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::error::ArrowError;

/// How many rows of a file are kept; those after them are only counted.
const KEPT: usize = 100_000;

/// The place of a row among those of a snapshot's files, in their order: the
/// place of its file, and its own in that, a line of text formats, else a row,
/// from 1. As one number it is the value of the column `_row` of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RowPlace(i64);

impl RowPlace {
    /// The bits of a row's place in its file.
    const BITS: u32 = 40;

    /// What is added to the place of a row in a file with this place.
    pub(crate) fn offset(file: usize) -> i64 {
        i64::try_from(file)
            .unwrap_or(i64::MAX)
            .saturating_mul(1 << Self::BITS)
    }

    /// A value of the column.
    pub(crate) fn of(value: i64) -> Self {
        Self(value)
    }

    fn file(self) -> usize {
        usize::try_from(self.0 >> Self::BITS).unwrap_or(usize::MAX)
    }

    fn in_file(self) -> i64 {
        self.0 & ((1 << Self::BITS) - 1)
    }
}

/// A row set aside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rejected {
    /// The place of its file and its own.
    pub(crate) row: RowPlace,
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
    kept: BTreeMap<RowPlace, Rejected>,
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

    /// The rows kept, in the order of the files, which have these names.
    pub(crate) fn batch(&self, files: &[String]) -> Result<Option<RecordBatch>, ArrowError> {
        let log = self.lock();
        if log.kept.is_empty() {
            return Ok(None);
        }
        let rows: Vec<i64> = log.kept.values().map(|r| r.row.in_file()).collect();
        let text = |value: fn(&Rejected) -> &str| -> ArrayRef {
            Arc::new(StringArray::from_iter_values(log.kept.values().map(value)))
        };
        let files: ArrayRef = Arc::new(StringArray::from_iter_values(
            log.kept
                .values()
                .map(|r| files.get(r.row.file()).map_or("", String::as_str)),
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
        let second = RowPlace::offset(1);
        for (row, reason) in [(second + 2, "b"), (3, "a"), (5, "b")] {
            log.add(Rejected {
                row: RowPlace::of(row),
                reason: reason.into(),
                detail: String::new(),
                content: String::new(),
            });
        }
        assert_eq!(
            log.counts(),
            BTreeMap::from([("a".into(), 1), ("b".into(), 2)])
        );
        let names = ["f".to_owned(), "g".to_owned()];
        let batch = log.batch(&names).unwrap().unwrap();
        let rows = batch.column_by_name("row").unwrap();
        assert_eq!(rows.as_ref(), &Int64Array::from(vec![3, 5, 2]));
        let files = batch.column_by_name("file").unwrap();
        assert_eq!(files.as_ref(), &StringArray::from(vec!["f", "f", "g"]));
    }
}
