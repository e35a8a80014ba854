//! The rows that wait for the values of window functions.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, Int64Array, RecordBatch, UInt64Array};
use arrow::datatypes::{Int64Type, SchemaRef};
use datafusion::common::{Result, internal_err};
use datafusion::execution::memory_pool::MemoryReservation;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr_common::utils::evaluate_expressions_to_arrays;

use super::{Function, FunctionKind};
use crate::runs::{Cut, Runs};

/// The rows that wait for sums, and the state of each function.
pub(super) struct Windows {
    schema: SchemaRef,
    partition_by: Vec<Arc<dyn PhysicalExpr>>,
    runs: Runs,
    functions: Vec<State>,
    waiting: VecDeque<Waiting>,
    /// The partitions that have begun; the last one may continue.
    begun: usize,
    pub(super) is_input_done: bool,
    /// The bytes of the rows that wait.
    bytes: usize,
    reservation: MemoryReservation,
}

/// A function's state.
enum State {
    RowNumber(u64),
    RunningSum(Arc<dyn PhysicalExpr>, Option<i64>),
    /// The sums of the partitions from `first` on, whose rows still wait.
    Sums {
        of: Arc<dyn PhysicalExpr>,
        first: usize,
        sums: VecDeque<Option<i64>>,
    },
}

impl State {
    fn new(kind: &FunctionKind) -> Self {
        match kind {
            FunctionKind::RowNumber => Self::RowNumber(0),
            FunctionKind::RunningSum(of) => Self::RunningSum(Arc::clone(of), None),
            FunctionKind::Sum(of) => Self::Sums {
                of: Arc::clone(of),
                first: 0,
                sums: VecDeque::new(),
            },
        }
    }
}

/// A batch with the functions' values, as far as they are known.
struct Waiting {
    batch: RecordBatch,
    values: Vec<Option<ArrayRef>>,
    /// The partition of its first row, and how many rows it has of each.
    first: usize,
    lengths: Vec<usize>,
}

impl Windows {
    pub(super) fn new(
        schema: SchemaRef,
        partition_by: &[Arc<dyn PhysicalExpr>],
        functions: &[Function],
        reservation: MemoryReservation,
    ) -> Self {
        let functions = functions.iter();
        Self {
            schema,
            partition_by: partition_by.to_vec(),
            runs: Runs::default(),
            functions: functions.map(|one| State::new(&one.kind)).collect(),
            waiting: VecDeque::new(),
            begun: 0,
            is_input_done: false,
            bytes: 0,
            reservation,
        }
    }

    /// Takes the next rows.
    pub(super) fn push(&mut self, batch: RecordBatch) -> Result<()> {
        let rows = batch.num_rows();
        if rows == 0 {
            return Ok(());
        }
        let partition = evaluate_expressions_to_arrays(&self.partition_by, &batch)?;
        let cut = self.runs.cut(&partition, rows)?;
        let first = self.begun - usize::from(cut.continues);
        self.begun = first + cut.ranges.len();
        let summed = |of: &Arc<dyn PhysicalExpr>| of.evaluate(&batch)?.into_array(rows);
        let mut values = Vec::with_capacity(self.functions.len());
        for function in &mut self.functions {
            values.push(match function {
                State::RowNumber(number) => Some(row_numbers(&cut, number)),
                State::RunningSum(of, sum) => {
                    Some(running_sums(summed(of)?.as_primitive(), &cut, sum))
                }
                State::Sums { of, sums, .. } => {
                    add(summed(of)?.as_primitive(), &cut, sums);
                    None
                }
            });
        }
        self.bytes += batch.get_array_memory_size();
        self.reservation.try_resize(self.bytes)?;
        self.waiting.push_back(Waiting {
            values,
            first,
            lengths: cut.ranges.iter().map(ExactSizeIterator::len).collect(),
            batch,
        });
        Ok(())
    }

    /// The next batch all values of which are known.
    pub(super) fn pop(&mut self) -> Result<Option<RecordBatch>> {
        let Some(next) = self.waiting.front() else {
            return Ok(None);
        };
        let is_known = self.is_input_done
            || next.first + next.lengths.len() < self.begun
            || next.values.iter().all(Option::is_some);
        if !is_known {
            return Ok(None);
        }
        let Some(next) = self.waiting.pop_front() else {
            return Ok(None);
        };
        self.bytes -= next.batch.get_array_memory_size();
        self.reservation.try_resize(self.bytes)?;
        let mut columns = next.batch.columns().to_vec();
        for (value, function) in next.values.into_iter().zip(&mut self.functions) {
            columns.push(match (value, function) {
                (Some(value), _) => value,
                (None, State::Sums { first, sums, .. }) => {
                    sums.drain(..next.first - *first);
                    *first = next.first;
                    let sums = sums.iter().zip(&next.lengths);
                    let sums = sums.flat_map(|(sum, rows)| std::iter::repeat_n(*sum, *rows));
                    Arc::new(sums.collect::<Int64Array>())
                }
                (None, _) => return internal_err!("a value of a window function is missing"),
            });
        }
        Ok(Some(RecordBatch::try_new(
            Arc::clone(&self.schema),
            columns,
        )?))
    }
}

fn row_numbers(cut: &Cut, number: &mut u64) -> ArrayRef {
    let mut numbers = Vec::with_capacity(cut.ranges.last().map_or(0, |last| last.end));
    for (at, run) in cut.ranges.iter().enumerate() {
        let before = if at == 0 && cut.continues { *number } else { 0 };
        *number = before + run.len() as u64;
        numbers.extend(before + 1..=*number);
    }
    Arc::new(UInt64Array::from(numbers))
}

fn running_sums(values: &Int64Array, cut: &Cut, sum: &mut Option<i64>) -> ArrayRef {
    let mut sums = Int64Array::builder(values.len());
    for (at, run) in cut.ranges.iter().enumerate() {
        if at > 0 || !cut.continues {
            *sum = None;
        }
        for row in run.clone() {
            *sum = plus(*sum, values.is_valid(row).then(|| values.value(row)));
            sums.append_option(*sum);
        }
    }
    Arc::new(sums.finish())
}

/// Adds up each run; the first one to the last sum, if it continues.
fn add(values: &Int64Array, cut: &Cut, sums: &mut VecDeque<Option<i64>>) {
    for (at, run) in cut.ranges.iter().enumerate() {
        if at > 0 || !cut.continues {
            sums.push_back(None);
        }
        let part = arrow::compute::sum::<Int64Type>(&values.slice(run.start, run.len()));
        if let Some(sum) = sums.back_mut() {
            *sum = plus(*sum, part);
        }
    }
}

/// As SQL adds: nulls are passed over.
fn plus(sum: Option<i64>, more: Option<i64>) -> Option<i64> {
    match (sum, more) {
        (Some(sum), Some(more)) => Some(sum.wrapping_add(more)),
        (sum, None) => sum,
        (None, more) => more,
    }
}
