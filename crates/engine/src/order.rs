//! Whether rows come in the order that a table promises, and how keys are told
//! apart without comparing each with each.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::kernels::cmp::not_distinct;
use arrow::compute::{LexicographicalComparator, SortColumn, SortOptions, and, concat_batches};
use arrow::error::ArrowError;
use datafusion::common::DataFusionError;
use datafusion::common::hash_utils::{QualityRandomState, create_hashes};
use hubcensus_spec::Contract;

/// Watches rows go by. That they come in order is the query engine's promise;
/// scans of the finished file rely on it.
#[derive(Debug)]
pub(crate) struct Watch {
    columns: Vec<String>,
    last: Option<RecordBatch>,
    rows: u64,
}

impl Watch {
    pub(crate) fn new(contract: &Contract) -> Self {
        Self {
            columns: contract.sort.iter().map(|c| c.value.clone()).collect(),
            last: None,
            rows: 0,
        }
    }

    /// The columns that make the order.
    pub(crate) fn columns(&self) -> String {
        self.columns.join(", ")
    }

    /// The first row, counted from 1, that stands behind one it should stand
    /// before.
    pub(crate) fn see(&mut self, batch: &RecordBatch) -> Result<Option<u64>, ArrowError> {
        if batch.num_rows() == 0 {
            return Ok(None);
        }
        let schema = batch.schema();
        let places = self.columns.iter().map(|column| schema.index_of(column));
        let batch = batch.project(&places.collect::<Result<Vec<_>, _>>()?)?;
        if let Some(last) = &self.last {
            let seam = concat_batches(&batch.schema(), [last, &batch.slice(0, 1)])?;
            if first_behind(&seam)?.is_some() {
                return Ok(Some(self.rows + 1));
            }
        }
        if let Some(row) = first_behind(&batch)? {
            return Ok(Some(self.rows + row as u64 + 1));
        }
        self.rows += batch.num_rows() as u64;
        self.last = Some(batch.slice(batch.num_rows() - 1, 1));
        Ok(None)
    }
}

/// The first row that is less than the one before it: ascending, nulls last.
fn first_behind(batch: &RecordBatch) -> Result<Option<usize>, ArrowError> {
    let columns: Vec<SortColumn> = batch
        .columns()
        .iter()
        .map(|values| SortColumn {
            values: Arc::clone(values),
            options: Some(SortOptions {
                descending: false,
                nulls_first: false,
            }),
        })
        .collect();
    let order = LexicographicalComparator::try_new(&columns)?;
    Ok((1..batch.num_rows()).find(|row| order.compare(row - 1, *row) == Ordering::Greater))
}

/// For each row but the first, whether it equals the row before it.
pub(crate) fn repeats(batch: &RecordBatch) -> Result<BooleanArray, ArrowError> {
    let rows = batch.num_rows().saturating_sub(1);
    let mut same = BooleanArray::from(vec![true; rows]);
    for column in batch.columns() {
        let before = column.slice(0, rows);
        let after = column.slice(batch.num_rows() - rows, rows);
        same = and(&same, &not_distinct(&before, &after)?)?;
    }
    Ok(same)
}

/// Keys seen so far, as fingerprints of 64 bits.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    seen: Vec<u64>,
}

impl Keys {
    /// Takes note of the keys of a batch, whose columns they are.
    pub(crate) fn see(&mut self, batch: &RecordBatch) -> Result<(), DataFusionError> {
        let from = self.seen.len();
        self.seen.resize(from + batch.num_rows(), 0);
        if let Some(new) = self.seen.get_mut(from..) {
            let state = QualityRandomState::with_seed(0);
            create_hashes(batch.columns(), &state, new)?;
        }
        Ok(())
    }

    /// Whether all keys differ. Different keys may have one fingerprint, though
    /// hardly any do: a no is to be looked into.
    pub(crate) fn all_differ(mut self) -> bool {
        self.seen.sort_unstable();
        self.seen.is_sorted_by(|one, next| one < next)
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Int64Array, StringArray};

    use super::*;

    fn batch(names: &[Option<&str>], ranks: &[i64]) -> RecordBatch {
        let names: ArrayRef = Arc::new(StringArray::from(names.to_vec()));
        let ranks: ArrayRef = Arc::new(Int64Array::from(ranks.to_vec()));
        RecordBatch::try_from_iter_with_nullable([("name", names, true), ("rank", ranks, false)])
            .unwrap()
    }

    fn watch() -> Watch {
        Watch {
            columns: vec!["name".to_owned(), "rank".to_owned()],
            last: None,
            rows: 0,
        }
    }

    #[test]
    fn equal_rows_and_nulls_at_the_end_are_in_order() {
        let mut watch = watch();
        let first = batch(&[Some("a"), Some("a"), Some("b")], &[1, 2, 1]);
        let second = batch(&[Some("b"), None], &[1, 0]);
        assert_eq!(watch.see(&first).unwrap(), None);
        assert_eq!(watch.see(&second).unwrap(), None);
    }

    #[test]
    fn a_row_behind_its_place_is_found_within_a_batch_and_at_a_seam() {
        let good = batch(&[Some("a"), Some("b")], &[1, 1]);
        let bad = batch(&[Some("b"), Some("c"), Some("c")], &[2, 5, 4]);
        let mut within = watch();
        assert_eq!(within.see(&good).unwrap(), None);
        assert_eq!(within.see(&bad).unwrap(), Some(5));
        let mut seam = watch();
        assert_eq!(seam.see(&bad.slice(0, 2)).unwrap(), None);
        assert_eq!(seam.see(&good).unwrap(), Some(3));
    }

    #[test]
    fn repeated_keys_are_noticed_across_batches() {
        let differ = |batches: &[RecordBatch]| {
            let mut keys = Keys::default();
            for batch in batches {
                keys.see(batch).unwrap();
            }
            keys.all_differ()
        };
        let first = batch(&[Some("a"), None, Some("")], &[1, 1, 1]);
        assert!(differ(&[first.clone(), batch(&[Some("a")], &[2])]));
        assert!(!differ(&[
            first.clone(),
            batch(&[Some("b"), None], &[1, 1])
        ]));
        assert!(!differ(&[batch(&[Some("a"), Some("a")], &[7, 7]), first]));
        assert!(differ(&[]));
    }

    #[test]
    fn neighbours_that_are_equal_in_all_columns() {
        let batch = RecordBatch::try_from_iter([
            (
                "a",
                Arc::new(StringArray::from(vec![Some("x"), Some("x"), None, None])) as ArrayRef,
            ),
            (
                "b",
                Arc::new(Int64Array::from(vec![1, 1, 1, 2])) as ArrayRef,
            ),
        ])
        .unwrap();
        assert_eq!(
            repeats(&batch).unwrap(),
            BooleanArray::from(vec![true, false, false])
        );
    }
}
