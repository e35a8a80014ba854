//! Rows that are in the order of some values, cut into runs of equal values.

use std::cmp::Ordering;
use std::ops::Range;

use arrow::array::{Array as _, ArrayRef, make_comparator};
use arrow::compute::{SortOptions, partition};
use arrow::error::ArrowError;

/// Cuts batch after batch of ordered rows into runs.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    /// The values of the last row.
    last: Option<Vec<ArrayRef>>,
}

/// The runs of a batch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    /// The first run continues the last one of the batch before.
    pub(crate) continues: bool,
    pub(crate) ranges: Vec<Range<usize>>,
}

impl Runs {
    /// The runs of the next rows, which are in an order of `values`. Without values
    /// all rows are one run.
    pub(crate) fn cut(&mut self, values: &[ArrayRef], rows: usize) -> Result<Cut, ArrowError> {
        if rows == 0 {
            return Ok(Cut {
                continues: self.last.is_some(),
                ranges: Vec::new(),
            });
        }
        let continues = match &self.last {
            Some(last) => same((last, 0), (values, 0))?,
            None => false,
        };
        let last = values.iter().map(|values| values.slice(rows - 1, 1));
        self.last = Some(last.collect());
        // Between two equal rows of an order, all are equal.
        let ranges = if same((values, 0), (values, rows - 1))? {
            std::iter::once(0..rows).collect()
        } else {
            partition(values)?.ranges()
        };
        Ok(Cut { continues, ranges })
    }
}

/// Whether two rows have the same values.
fn same(one: (&[ArrayRef], usize), other: (&[ArrayRef], usize)) -> Result<bool, ArrowError> {
    for (left, right) in one.0.iter().zip(other.0) {
        let compare = make_comparator(left, right, SortOptions::default())?;
        if compare(one.1, other.1) != Ordering::Equal {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, StringArray};

    use super::*;

    fn values(names: &[Option<&str>], numbers: &[i64]) -> Vec<ArrayRef> {
        vec![
            Arc::new(StringArray::from(names.to_vec())),
            Arc::new(Int64Array::from(numbers.to_vec())),
        ]
    }

    #[test]
    fn a_run_ends_where_a_value_changes_and_continues_from_batch_to_batch() {
        let mut runs = Runs::default();
        let mut cut = |names: &[Option<&str>], numbers: &[i64]| {
            let cut = runs.cut(&values(names, numbers), names.len()).unwrap();
            let ranges: Vec<_> = cut.ranges.iter().map(|run| (run.start, run.end)).collect();
            (cut.continues, ranges)
        };
        let (a, b) = (Some("a"), Some("b"));
        assert_eq!(
            cut(&[a, a, a, b], &[1, 1, 2, 2]),
            (false, vec![(0, 2), (2, 3), (3, 4)])
        );
        assert_eq!(cut(&[b, b], &[2, 2]), (true, vec![(0, 2)]));
        assert_eq!(cut(&[], &[]), (true, vec![]));
        assert_eq!(
            cut(&[b, None, None], &[2, 2, 2]),
            (true, vec![(0, 1), (1, 3)])
        );
        assert_eq!(cut(&[None], &[2]), (true, vec![(0, 1)]));
        assert_eq!(cut(&[None], &[3]), (false, vec![(0, 1)]));
    }

    #[test]
    fn without_values_all_is_one_run() {
        let mut runs = Runs::default();
        let mut cut = |rows| {
            let cut = runs.cut(&[], rows).unwrap();
            let ranges: Vec<_> = cut.ranges.iter().map(|run| (run.start, run.end)).collect();
            (cut.continues, ranges)
        };
        assert_eq!(cut(3), (false, vec![(0, 3)]));
        assert_eq!(cut(2), (true, vec![(0, 2)]));
    }
}
