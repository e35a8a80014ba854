//! The cursor over two ordered inputs: which rows of them match.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, RecordBatch, RecordBatchOptions, UInt32Array, new_null_array,
};
use arrow::compute::{SortOptions, concat, interleave, take};
use arrow::datatypes::SchemaRef;
use datafusion::common::{JoinSide, NullEquality, Result, internal_err};
use datafusion::execution::memory_pool::MemoryReservation;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr_common::utils::evaluate_expressions_to_arrays;
use datafusion::physical_plan::joins::utils::{ColumnIndex, JoinKeyComparator};

/// Slices shorter than this are gathered row by row.
const LONG_SLICE: usize = 8;

/// Batches of the buffered side that are kept for rows that are to be output;
/// those with rows of the current key are kept besides.
const MAX_BUFFERED: usize = 8;

/// What the cursor needs to go on, or what it has come to.
pub(super) enum Step {
    /// The next batch of the streamed side.
    Streamed,
    /// The next batch of the buffered side, or that there is none.
    Buffered,
    /// A batch of joined rows.
    Joined(RecordBatch),
}

/// A batch with its key columns.
struct KeyedBatch {
    rows: RecordBatch,
    keys: Vec<ArrayRef>,
}

impl KeyedBatch {
    fn new(rows: RecordBatch, keys: &[Arc<dyn PhysicalExpr>]) -> Result<Self> {
        Ok(Self {
            keys: evaluate_expressions_to_arrays(keys, &rows)?,
            rows,
        })
    }
}

/// Consecutive rows of a batch of the buffered side, or as many rows of nulls.
#[derive(Clone, Copy, PartialEq)]
struct Slice {
    /// The number of the buffered batch.
    batch: Option<usize>,
    from: usize,
    rows: usize,
}

/// Goes through the rows of the *streamed* side, which the joined rows are in
/// the order of, and finds their matches on the *buffered* side.
pub(super) struct MergeCursor {
    schema: SchemaRef,
    columns: Vec<ColumnIndex>,
    streamed_side: JoinSide,
    streamed_keys: Vec<Arc<dyn PhysicalExpr>>,
    buffered_keys: Vec<Arc<dyn PhysicalExpr>>,
    buffered_schema: SchemaRef,
    /// Rows of the streamed side without a match are output.
    is_outer: bool,
    batch_size: usize,
    reservation: MemoryReservation,

    streamed: Option<KeyedBatch>,
    /// The row of the streamed batch whose matches are looked for.
    row: usize,
    /// The batches of the buffered side that have rows to be output; the last
    /// one is the one that the cursor is in.
    buffered: Vec<KeyedBatch>,
    /// How the streamed batch compares with each of them.
    comparators: Vec<JoinKeyComparator>,
    /// The next row of the last buffered batch.
    position: usize,
    is_buffered_done: bool,
    /// The buffered rows with the key that was looked for last.
    matches: Vec<Slice>,

    /// The rows to be output, side by side.
    streamed_rows: Vec<u32>,
    buffered_rows: Vec<Slice>,
    output_rows: usize,
}

/// What a cursor is over.
pub(super) struct Inputs {
    pub(super) streamed_side: JoinSide,
    pub(super) streamed_keys: Vec<Arc<dyn PhysicalExpr>>,
    pub(super) buffered_keys: Vec<Arc<dyn PhysicalExpr>>,
    pub(super) buffered_schema: SchemaRef,
}

impl MergeCursor {
    pub(super) fn new(
        schema: SchemaRef,
        columns: Vec<ColumnIndex>,
        inputs: Inputs,
        is_outer: bool,
        batch_size: usize,
        reservation: MemoryReservation,
    ) -> Self {
        Self {
            schema,
            columns,
            streamed_side: inputs.streamed_side,
            streamed_keys: inputs.streamed_keys,
            buffered_keys: inputs.buffered_keys,
            buffered_schema: inputs.buffered_schema,
            is_outer,
            batch_size,
            reservation,
            streamed: None,
            row: 0,
            buffered: Vec::new(),
            comparators: Vec::new(),
            position: 0,
            is_buffered_done: false,
            matches: Vec::new(),
            streamed_rows: Vec::new(),
            buffered_rows: Vec::new(),
            output_rows: 0,
        }
    }

    /// Takes the next batch of the streamed side, when asked for.
    pub(super) fn push_streamed(&mut self, batch: RecordBatch) -> Result<()> {
        let streamed = KeyedBatch::new(batch, &self.streamed_keys)?;
        let comparators = self.buffered.iter();
        let comparators = comparators.map(|buffered| comparator(&streamed, buffered));
        self.comparators = comparators.collect::<Result<_>>()?;
        self.streamed = Some(streamed);
        self.row = 0;
        Ok(())
    }

    /// Takes the next batch of the buffered side, when asked for.
    pub(super) fn push_buffered(&mut self, batch: Option<RecordBatch>) -> Result<()> {
        let Some(batch) = batch else {
            self.is_buffered_done = true;
            return Ok(());
        };
        // Of the batch before, no row may be needed any more.
        let last = self.buffered.len().checked_sub(1);
        let is_needed = |slices: &[Slice]| slices.iter().any(|slice| slice.batch == last);
        if last.is_some() && !is_needed(&self.matches) && !is_needed(&self.buffered_rows) {
            self.buffered.pop();
            self.comparators.pop();
        }
        let buffered = KeyedBatch::new(batch, &self.buffered_keys)?;
        if let Some(streamed) = &self.streamed {
            self.comparators.push(comparator(streamed, &buffered)?);
        }
        self.buffered.push(buffered);
        self.position = 0;
        self.reserve()
    }

    /// Goes on until a batch is full or one is needed.
    pub(super) fn step(&mut self) -> Result<Step> {
        loop {
            let rows = self
                .streamed
                .as_ref()
                .map_or(0, |batch| batch.rows.num_rows());
            if self.row == rows || self.output_rows >= self.batch_size {
                if self.output_rows > 0 {
                    return self.output().map(Step::Joined);
                }
                return Ok(Step::Streamed);
            }
            if !self.find_matches() {
                let of_key = self.matches.iter().filter_map(|slice| slice.batch).min();
                let for_output = of_key.unwrap_or(self.buffered.len());
                if self.output_rows > 0 && for_output >= MAX_BUFFERED {
                    return self.output().map(Step::Joined);
                }
                return Ok(Step::Buffered);
            }
            self.pair();
            self.row += 1;
        }
    }

    fn compare(&self, batch: usize, row: usize) -> Ordering {
        self.comparators[batch].compare(self.row, row)
    }

    /// Finds the buffered rows with the key of the streamed row; whether it came
    /// to their end.
    fn find_matches(&mut self) -> bool {
        if let Some(Slice {
            batch: Some(batch),
            from,
            ..
        }) = self.matches.first().copied()
            && self.compare(batch, from).is_ne()
        {
            self.matches.clear();
        }
        // The next batch may begin with the key that the last one ends with.
        loop {
            let batch = match self.buffered.len().checked_sub(1) {
                Some(last) if self.position < self.buffered[last].rows.num_rows() => last,
                _ => return self.is_buffered_done,
            };
            match self.compare(batch, self.position) {
                Ordering::Less => return true,
                Ordering::Equal => push_rows(&mut self.matches, Some(batch), self.position, 1),
                Ordering::Greater => {}
            }
            self.position += 1;
        }
    }

    /// Puts the streamed row beside each of its matches.
    #[expect(clippy::cast_possible_truncation, reason = "a batch has few rows")]
    fn pair(&mut self) {
        let matches: usize = self.matches.iter().map(|slice| slice.rows).sum();
        if matches == 0 && self.is_outer {
            push_rows(&mut self.buffered_rows, None, 0, 1);
        }
        for slice in &self.matches {
            push_rows(&mut self.buffered_rows, slice.batch, slice.from, slice.rows);
        }
        let copies = matches.max(usize::from(self.is_outer));
        self.streamed_rows
            .extend(std::iter::repeat_n(self.row as u32, copies));
        self.output_rows += copies;
    }

    /// The paired rows as a batch.
    fn output(&mut self) -> Result<RecordBatch> {
        let Some(streamed) = &self.streamed else {
            return internal_err!("joined rows before there are any");
        };
        let selected = Selection::new(std::mem::take(&mut self.streamed_rows));
        let slices = std::mem::take(&mut self.buffered_rows);
        let rows = std::mem::take(&mut self.output_rows);
        let columns = self.columns.iter().map(|column| {
            if column.side == self.streamed_side {
                selected.of(streamed.rows.column(column.index))
            } else {
                self.gather(column.index, &slices, rows)
            }
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        self.drop_buffered()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(
            Arc::clone(&self.schema),
            columns,
            &options,
        )?)
    }

    /// A column of the buffered side, by the slices of its rows.
    fn gather(&self, column: usize, slices: &[Slice], rows: usize) -> Result<ArrayRef> {
        let kind = self.buffered_schema.field(column).data_type();
        let values = |batch: usize| self.buffered[batch].rows.column(column);
        match slices {
            [Slice { batch: None, .. }] => return Ok(new_null_array(kind, rows)),
            [
                Slice {
                    batch: Some(batch),
                    from,
                    rows,
                },
            ] => return Ok(values(*batch).slice(*from, *rows)),
            _ => {}
        }
        if slices.len() * LONG_SLICE <= rows {
            let pieces = slices.iter().map(|slice| match slice.batch {
                Some(batch) => values(batch).slice(slice.from, slice.rows),
                None => new_null_array(kind, slice.rows),
            });
            let pieces: Vec<ArrayRef> = pieces.collect();
            let pieces: Vec<_> = pieces.iter().map(AsRef::as_ref).collect();
            return Ok(concat(&pieces)?);
        }
        let null = new_null_array(kind, 1);
        let mut sources: Vec<_> = (0..self.buffered.len())
            .map(|batch| values(batch).as_ref())
            .collect();
        sources.push(null.as_ref());
        let mut indices = Vec::with_capacity(rows);
        for slice in slices {
            match slice.batch {
                Some(batch) => {
                    indices.extend((slice.from..slice.from + slice.rows).map(|row| (batch, row)))
                }
                None => indices.extend(std::iter::repeat_n((self.buffered.len(), 0), slice.rows)),
            }
        }
        Ok(interleave(&sources, &indices)?)
    }

    /// Drops the buffered batches that have no rows of the current key, but for
    /// the last.
    fn drop_buffered(&mut self) -> Result<()> {
        let Some(last) = self.buffered.len().checked_sub(1) else {
            return Ok(());
        };
        let first = self.matches.iter().filter_map(|slice| slice.batch).min();
        let first = first.unwrap_or(last);
        self.buffered.drain(..first);
        self.comparators.drain(..first);
        for slice in &mut self.matches {
            slice.batch = slice.batch.map(|batch| batch - first);
        }
        self.reserve()
    }

    fn reserve(&mut self) -> Result<()> {
        let batches = self.buffered.iter();
        let bytes = batches
            .map(|batch| batch.rows.get_array_memory_size())
            .sum();
        self.reservation.try_resize(bytes)
    }
}

/// Keys are equal as they are for DataFusion's joins: zeros of both signs are,
/// nulls are not.
fn comparator(streamed: &KeyedBatch, buffered: &KeyedBatch) -> Result<JoinKeyComparator> {
    let options = vec![SortOptions::new(false, false); streamed.keys.len()];
    JoinKeyComparator::new(
        &streamed.keys,
        &buffered.keys,
        &options,
        NullEquality::NullEqualsNothing,
    )
}

/// Adds rows, to the last slice if they follow it.
fn push_rows(slices: &mut Vec<Slice>, batch: Option<usize>, from: usize, rows: usize) {
    match slices.last_mut() {
        Some(last) if last.batch == batch && (batch.is_none() || last.from + last.rows == from) => {
            last.rows += rows;
        }
        _ => slices.push(Slice { batch, from, rows }),
    }
}

/// Rows of the streamed batch.
struct Selection {
    rows: UInt32Array,
    /// The first row, if all are consecutive.
    from: Option<usize>,
}

impl Selection {
    fn new(rows: Vec<u32>) -> Self {
        let is_consecutive = rows.is_sorted_by(|one, next| one + 1 == *next);
        let from = rows.first().filter(|_| is_consecutive);
        Self {
            from: from.map(|row| *row as usize),
            rows: rows.into(),
        }
    }

    fn of(&self, values: &ArrayRef) -> Result<ArrayRef> {
        Ok(match self.from {
            Some(from) => values.slice(from, self.rows.len()),
            None => take(values, &self.rows, None)?,
        })
    }
}
