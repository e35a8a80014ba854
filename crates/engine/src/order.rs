//! Whether rows come in the order that a table promises, and how keys are told
//! apart without comparing each with each.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::{LexicographicalComparator, SortColumn, SortOptions, concat_batches};
use arrow::error::ArrowError;
use arrow::row::{RowConverter, SortField};
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

/// Keys seen so far, as fingerprints of 128 bits.
#[derive(Debug)]
pub(crate) struct Keys {
    converter: RowConverter,
    seen: HashSet<u128>,
}

impl Keys {
    /// Of keys of these columns.
    pub(crate) fn new(schema: &arrow::datatypes::Schema) -> Result<Self, ArrowError> {
        let fields = schema.fields().iter();
        let fields = fields.map(|field| SortField::new(field.data_type().clone()));
        Ok(Self {
            converter: RowConverter::new(fields.collect())?,
            seen: HashSet::new(),
        })
    }

    /// Whether all keys of the batch are new.
    pub(crate) fn are_new(&mut self, batch: &RecordBatch) -> Result<bool, ArrowError> {
        let rows = self.converter.convert_columns(batch.columns())?;
        Ok(rows.iter().all(|row| {
            let hash = blake3::hash(row.data());
            let [short @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = *hash.as_bytes();
            self.seen.insert(u128::from_le_bytes(short))
        }))
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
    fn a_repeated_key_is_not_new() {
        let schema = batch(&[], &[]).schema();
        let mut keys = Keys::new(&schema).unwrap();
        assert!(
            keys.are_new(&batch(&[Some("a"), None, Some("")], &[1, 1, 1]))
                .unwrap()
        );
        assert!(keys.are_new(&batch(&[Some("a")], &[2])).unwrap());
        assert!(!keys.are_new(&batch(&[Some("b"), None], &[1, 1])).unwrap());
    }
}
