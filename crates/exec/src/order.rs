//! Whether rows are in the order of a table's contract, and whether keys are
//! unique, by fingerprints.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, BooleanArray, RecordBatch, make_comparator};
use arrow::buffer::BooleanBuffer;
use arrow::compute::kernels::cmp::{eq, gt, lt, not_distinct};
use arrow::compute::{SortColumn, SortOptions, and, concat};
use arrow::error::ArrowError;
use datafusion::common::DataFusionError;
use datafusion::common::hash_utils::{QualityRandomState, create_hashes};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};

/// Watches rows go by. That they come in order is the query engine's promise;
/// scans of the finished file rely on it.
#[derive(Debug)]
pub struct OrderWatch {
    columns: Vec<String>,
    rows: Sequence,
}

impl OrderWatch {
    /// Watches rows that are to be in the order of `columns`, ascending, nulls
    /// last.
    #[must_use]
    pub fn new(columns: Vec<String>) -> Self {
        Self {
            columns,
            rows: Sequence::default(),
        }
    }

    /// The columns that make the order.
    #[must_use]
    pub fn columns(&self) -> String {
        self.columns.join(", ")
    }

    /// The first row, counted from 1 over all batches, that is less than the row before it.
    ///
    /// # Errors
    ///
    /// A batch without one of the columns.
    pub fn see(&mut self, batch: &RecordBatch) -> Result<Option<u64>, ArrowError> {
        // As tables are ordered.
        let options = SortOptions {
            descending: false,
            nulls_first: false,
        };
        let schema = batch.schema();
        let columns = self.columns.iter().map(|column| {
            let values = batch.column(schema.index_of(column)?);
            Ok(SortColumn {
                values: Arc::clone(values),
                options: Some(options),
            })
        });
        let columns = columns.collect::<Result<Vec<_>, ArrowError>>()?;
        let behind = self.rows.first_behind(&columns)?;
        Ok(behind.map(|row| row + 1))
    }
}

/// Rows that come batch after batch, by the columns that order them.
#[derive(Debug, Default)]
pub(crate) struct Sequence {
    last: Option<Vec<ArrayRef>>,
    rows: u64,
}

impl Sequence {
    /// Of the next rows the first, counted from nought over all that came, that
    /// is less than the one before it.
    pub(crate) fn first_behind(
        &mut self,
        columns: &[SortColumn],
    ) -> Result<Option<u64>, ArrowError> {
        let rows = columns.first().map_or(0, |column| column.values.len());
        if rows == 0 {
            return Ok(None);
        }
        if let Some(last) = &self.last {
            let seam = last.iter().zip(columns).map(|(last, next)| {
                let first = next.values.slice(0, 1);
                Ok(SortColumn {
                    values: concat(&[last, &first])?,
                    options: next.options,
                })
            });
            let seam = seam.collect::<Result<Vec<_>, ArrowError>>()?;
            if first_behind(&seam)?.is_some() {
                return Ok(Some(self.rows));
            }
        }
        if let Some(row) = first_behind(columns)? {
            return Ok(Some(self.rows + row as u64));
        }
        self.rows += rows as u64;
        let last = columns
            .iter()
            .map(|column| column.values.slice(rows - 1, 1));
        self.last = Some(last.collect());
        Ok(None)
    }
}

/// The first row that is less than the one before it by the columns, the first
/// of them first.
fn first_behind(columns: &[SortColumn]) -> Result<Option<usize>, ArrowError> {
    let rows = columns.first().map_or(0, |column| column.values.len());
    let pairs = rows.saturating_sub(1);
    // Rows that are like the one before them so far.
    let mut alike = BooleanBuffer::new_set(pairs);
    let mut first: Option<usize> = None;
    for column in columns {
        let pair = Pair::of(column, pairs);
        let (less, same) = if column.values.data_type().is_nested() || pair.has_nulls() {
            pair.compared_where(&alike)?
        } else {
            pair.compared(&alike)?
        };
        let behind = less.set_indices().next();
        first = first.into_iter().chain(behind).min();
        alike = &alike & &same;
        if alike.count_set_bits() == 0 {
            break;
        }
    }
    Ok(first.map(|row| row + 1))
}

/// A column's rows but the last, and all but the first beside them.
struct Pair {
    before: ArrayRef,
    after: ArrayRef,
    options: SortOptions,
}

impl Pair {
    fn of(column: &SortColumn, pairs: usize) -> Self {
        let values = &column.values;
        Self {
            before: values.slice(0, pairs),
            after: values.slice(values.len() - pairs, pairs),
            options: column.options.unwrap_or_default(),
        }
    }

    fn has_nulls(&self) -> bool {
        self.before.logical_null_count() + self.after.logical_null_count() > 0
    }

    /// Where the later of two is less, and where they are the same; of values
    /// that are not asked of, only the latter.
    fn compared(
        &self,
        asked: &BooleanBuffer,
    ) -> Result<(BooleanBuffer, BooleanBuffer), ArrowError> {
        let same = eq(&self.before, &self.after)?.values().clone();
        let differ = asked & &!&same;
        if differ.count_set_bits() == 0 {
            return Ok((differ, same));
        }
        let less = if self.options.descending {
            lt(&self.before, &self.after)?
        } else {
            gt(&self.before, &self.after)?
        };
        Ok((&differ & less.values(), same))
    }

    /// The same, value by value.
    fn compared_where(
        &self,
        asked: &BooleanBuffer,
    ) -> Result<(BooleanBuffer, BooleanBuffer), ArrowError> {
        let order = make_comparator(&self.before, &self.after, self.options)?;
        let is = |wanted: Ordering| {
            BooleanBuffer::collect_bool(asked.len(), |row| {
                asked.value(row) && order(row, row) == wanted
            })
        };
        Ok((is(Ordering::Greater), is(Ordering::Equal)))
    }
}

/// For each row but the first, whether it equals the row before it.
///
/// # Errors
///
/// Columns that Arrow cannot compare.
pub fn repeats(batch: &RecordBatch) -> Result<BooleanArray, ArrowError> {
    let rows = batch.num_rows().saturating_sub(1);
    let mut same = BooleanArray::from(vec![true; rows]);
    for column in batch.columns() {
        let before = column.slice(0, rows);
        let after = column.slice(batch.num_rows() - rows, rows);
        same = and(&same, &not_distinct(&before, &after)?)?;
    }
    Ok(same)
}

/// Of each row a number that is the same for the same values, and hardly ever
/// for others.
pub(crate) fn fingerprints(columns: &[ArrayRef], rows: usize) -> Result<Vec<u64>, DataFusionError> {
    let mut prints = vec![0; rows];
    create_hashes(columns, &QualityRandomState::with_seed(0), &mut prints)?;
    Ok(prints)
}

/// Keys seen so far, as fingerprints of 64 bits.
#[derive(Debug)]
pub struct KeyFingerprints {
    seen: Vec<u64>,
    reservation: MemoryReservation,
}

impl KeyFingerprints {
    /// Has seen no key yet, and reserves its memory with `pool`.
    #[must_use]
    pub fn new(pool: &Arc<dyn MemoryPool>) -> Self {
        Self {
            seen: Vec::new(),
            reservation: MemoryConsumer::new("KeyFingerprints").register(pool),
        }
    }

    /// Takes note of the keys of a batch, whose columns they are.
    ///
    /// # Errors
    ///
    /// Columns that DataFusion cannot hash; memory that the pool does not grant.
    pub fn see(&mut self, batch: &RecordBatch) -> Result<(), DataFusionError> {
        let prints = fingerprints(batch.columns(), batch.num_rows())?;
        self.seen.reserve(prints.len());
        self.reservation
            .try_resize(self.seen.capacity() * size_of::<u64>())?;
        self.seen.extend(prints);
        Ok(())
    }

    /// Whether all keys differ. Different keys may have one fingerprint, though
    /// hardly any do: a no is to be looked into.
    #[must_use]
    pub fn all_differ(mut self) -> bool {
        self.seen.sort_unstable();
        self.seen.is_sorted_by(|one, next| one < next)
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Float64Array, Int64Array, ListArray, StringArray};
    use arrow::compute::LexicographicalComparator;
    use arrow::datatypes::Int64Type;
    use datafusion::execution::memory_pool::{GreedyMemoryPool, UnboundedMemoryPool};

    use super::*;

    fn batch(names: &[Option<&str>], ranks: &[i64]) -> RecordBatch {
        let names: ArrayRef = Arc::new(StringArray::from(names.to_vec()));
        let ranks: ArrayRef = Arc::new(Int64Array::from(ranks.to_vec()));
        RecordBatch::try_from_iter_with_nullable([("name", names, true), ("rank", ranks, false)])
            .unwrap()
    }

    fn watch() -> OrderWatch {
        OrderWatch::new(vec!["name".to_owned(), "rank".to_owned()])
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

    /// Columns of few values, with and without nulls, from small numbers.
    fn drawn(draw: &mut impl FnMut() -> u32, rows: usize) -> Vec<ArrayRef> {
        let mut numbers = |null: u32| -> Vec<Option<u32>> {
            let drawn = (0..rows).map(|_| Some(draw() % 4).filter(|n| *n != null));
            drawn.collect()
        };
        let floats = [0.0, -0.0, f64::NAN, -1.0];
        let words = ["", "a", "ab", "é"];
        let lists = numbers(9).into_iter().map(|n| {
            let entry = n.filter(|n| *n > 0).map(i64::from);
            n.map(|n| vec![entry; n as usize / 2])
        });
        vec![
            Arc::new(
                numbers(9)
                    .into_iter()
                    .map(|n| n.map(i64::from))
                    .collect::<Int64Array>(),
            ),
            Arc::new(
                numbers(0)
                    .into_iter()
                    .map(|n| n.map(i64::from))
                    .collect::<Int64Array>(),
            ),
            Arc::new(
                numbers(9)
                    .into_iter()
                    .map(|n| n.map(|n| words[n as usize]))
                    .collect::<StringArray>(),
            ),
            Arc::new(
                numbers(1)
                    .into_iter()
                    .map(|n| n.map(|n| words[n as usize]))
                    .collect::<StringArray>(),
            ),
            Arc::new(
                numbers(9)
                    .into_iter()
                    .map(|n| n.map(|n| floats[n as usize]))
                    .collect::<Float64Array>(),
            ),
            Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(lists)),
        ]
    }

    #[test]
    fn the_first_row_behind_is_the_one_that_comparing_rows_finds() {
        let mut state = 1_u32;
        let mut draw = move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 16
        };
        let mut found = [0; 2];
        for turn in 0..4_000 {
            let rows = 1 + turn % 5;
            let all = drawn(&mut draw, rows);
            let columns: Vec<SortColumn> = (0..=draw() % 3)
                .map(|_| SortColumn {
                    values: Arc::clone(&all[draw() as usize % all.len()]),
                    options: Some(SortOptions {
                        descending: draw() % 2 == 0,
                        nulls_first: draw() % 2 == 0,
                    }),
                })
                .collect();
            let order = LexicographicalComparator::try_new(&columns).unwrap();
            let behind = (1..rows).find(|row| order.compare(row - 1, *row) == Ordering::Greater);
            assert_eq!(first_behind(&columns).unwrap(), behind, "{columns:?}");
            found[usize::from(behind.is_some())] += 1;
        }
        assert!(found.iter().all(|turns| *turns > 500), "{found:?}");
    }

    #[test]
    fn repeated_keys_are_noticed_across_batches() {
        let differ = |batches: &[RecordBatch]| {
            let pool: Arc<dyn MemoryPool> = Arc::new(UnboundedMemoryPool::default());
            let mut keys = KeyFingerprints::new(&pool);
            for batch in batches {
                keys.see(batch).unwrap();
            }
            let rows = batches.iter().map(RecordBatch::num_rows).sum::<usize>();
            assert!(pool.reserved() >= 8 * rows, "{} bytes", pool.reserved());
            let differ = keys.all_differ();
            assert_eq!(pool.reserved(), 0);
            differ
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
    fn no_more_keys_than_there_is_memory_for() {
        let pool: Arc<dyn MemoryPool> = Arc::new(GreedyMemoryPool::new(100));
        let mut keys = KeyFingerprints::new(&pool);
        let rows = batch(&[Some("a"); 13], &[1; 13]);
        let error = keys.see(&rows).unwrap_err();
        assert!(error.to_string().contains("KeyFingerprints"), "{error}");
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
