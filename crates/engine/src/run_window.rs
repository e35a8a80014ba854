//! Window functions over rows that stand partition by partition.
//!
//! DataFusion evaluates a window function for one partition after another, and
//! puts all rows together in one batch first. Numbers of rows and sums need
//! neither: a counter goes along with the rows, and batches wait only for a
//! sum over rows that are still to come.

use std::collections::VecDeque;
use std::fmt::{Formatter, Result as Written};
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, Int64Array, RecordBatch, UInt64Array};
use arrow::datatypes::{DataType, Int64Type, SchemaRef};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{WindowFrame, WindowFrameBound, WindowFrameUnits};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::window::{PlainAggregateWindowExpr, StandardWindowExpr, WindowExpr};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowAggExec, WindowUDFExpr};
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, Distribution, ExecutionPlan, ExecutionPlanProperties as _,
    InputOrderMode, PlanProperties,
};
use futures::stream::{self, StreamExt as _};

use crate::runs::{Cut, Runs};

/// Run by run, in place of windows over rows that come in the order of the
/// partitions, if they ask for nothing but numbers of rows and sums.
pub(crate) fn in_place_of(plan: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let (input, windows) = if let Some(plan) = plan.downcast_ref::<WindowAggExec>() {
        (plan.input(), plan.window_expr())
    } else if let Some(plan) = plan.downcast_ref::<BoundedWindowAggExec>() {
        if plan.input_order_mode != InputOrderMode::Sorted || plan.state_observer().is_some() {
            return Ok(None);
        }
        (plan.input(), plan.window_expr())
    } else {
        return Ok(None);
    };
    let Some(first) = windows.first() else {
        return Ok(None);
    };
    let partition_by = first.partition_by();
    let functions = windows.iter().map(|window| {
        let is_of_these = window.partition_by() == partition_by;
        is_of_these.then(|| Function::of(window, &input.schema()))?
    });
    let functions: Option<Vec<Function>> = functions.collect();
    let Some(functions) = functions else {
        return Ok(None);
    };
    if input.output_partitioning().partition_count() > 1 {
        return Ok(None);
    }
    Ok(Some(Arc::new(RunWindowExec {
        input: Arc::clone(input),
        partition_by: partition_by.to_vec(),
        functions,
        properties: Arc::clone(plan.properties()),
        metrics: ExecutionPlanMetricsSet::new(),
    })))
}

/// See the module.
#[derive(Debug)]
struct RunWindowExec {
    input: Arc<dyn ExecutionPlan>,
    partition_by: Vec<Arc<dyn PhysicalExpr>>,
    functions: Vec<Function>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

#[derive(Debug, Clone)]
struct Function {
    name: String,
    asks: Asks,
}

/// What a function asks of a partition, of whole numbers where of any.
#[derive(Debug, Clone)]
enum Asks {
    /// The row's number.
    Number,
    /// The sum down to the row.
    SumSoFar(Arc<dyn PhysicalExpr>),
    /// The sum of all.
    Sum(Arc<dyn PhysicalExpr>),
}

impl Function {
    fn of(window: &Arc<dyn WindowExpr>, schema: &SchemaRef) -> Option<Self> {
        let name = window.name().to_owned();
        if let Some(standard) = window.as_any().downcast_ref::<StandardWindowExpr>() {
            let function = standard.get_standard_func_expr().as_any();
            let function = function.downcast_ref::<WindowUDFExpr>()?;
            let asks = (function.fun().name() == "row_number").then_some(Asks::Number)?;
            return Some(Self { name, asks });
        }
        let plain = window.as_any().downcast_ref::<PlainAggregateWindowExpr>()?;
        let function = plain.get_aggregate_expr();
        let arguments = function.expressions();
        let [argument] = arguments.as_slice() else {
            return None;
        };
        let is_sum = function.fun().name() == "sum"
            && !function.is_distinct()
            // Only the name tells of a filter.
            && !name.contains("FILTER")
            && argument.data_type(schema).ok()? == DataType::Int64
            && *function.field().data_type() == DataType::Int64;
        if !is_sum {
            return None;
        }
        let asks = match reach(window.get_window_frame(), window.order_by().is_empty())? {
            Reach::SoFar => Asks::SumSoFar(Arc::clone(argument)),
            Reach::All => Asks::Sum(Arc::clone(argument)),
        };
        Some(Self { name, asks })
    }
}

/// The rows that a frame reaches to.
enum Reach {
    SoFar,
    All,
}

fn reach(frame: &WindowFrame, unordered: bool) -> Option<Reach> {
    let WindowFrame {
        units,
        start_bound,
        end_bound,
        ..
    } = frame;
    if !matches!(start_bound, WindowFrameBound::Preceding(_)) || !start_bound.is_unbounded() {
        return None;
    }
    match end_bound {
        WindowFrameBound::Following(_) if end_bound.is_unbounded() => Some(Reach::All),
        WindowFrameBound::CurrentRow if *units == WindowFrameUnits::Rows => Some(Reach::SoFar),
        // Rows without an order are all peers.
        WindowFrameBound::CurrentRow if *units == WindowFrameUnits::Range && unordered => {
            Some(Reach::All)
        }
        _ => None,
    }
}

impl DisplayAs for RunWindowExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut Formatter<'_>) -> Written {
        let names = self.functions.iter().map(|function| function.name.as_str());
        let names: Vec<&str> = names.collect();
        write!(f, "RunWindowExec: wdw=[{}]", names.join(", "))
    }
}

impl ExecutionPlan for RunWindowExec {
    fn name(&self) -> &'static str {
        "RunWindowExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn required_input_distribution(&self) -> Vec<Distribution> {
        vec![Distribution::SinglePartition]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        let mut recursion = TreeNodeRecursion::Continue;
        let summed = self
            .functions
            .iter()
            .filter_map(|function| match &function.asks {
                Asks::Number => None,
                Asks::SumSoFar(summed) | Asks::Sum(summed) => Some(summed),
            });
        for expression in self.partition_by.iter().chain(summed) {
            recursion = recursion.visit_sibling(|| f(expression))?;
        }
        Ok(recursion)
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match children.pop() {
            Some(input) if children.is_empty() => Ok(Arc::new(Self {
                input,
                partition_by: self.partition_by.clone(),
                functions: self.functions.clone(),
                properties: Arc::clone(&self.properties),
                metrics: ExecutionPlanMetricsSet::new(),
            })),
            _ => internal_err!("a window has one input"),
        }
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let rows = self.input.execute(partition, context)?;
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let windows = Windows::new(self.schema(), &self.partition_by, &self.functions);
        let batches = stream::try_unfold((rows, windows), move |(mut rows, mut windows)| {
            let metrics = metrics.clone();
            async move {
                loop {
                    if let Some(done) = windows.done()? {
                        metrics.record_output(done.num_rows());
                        return Ok(Some((done, (rows, windows))));
                    }
                    let Some(batch) = rows.next().await.transpose()? else {
                        if windows.ended {
                            return Ok(None);
                        }
                        windows.end();
                        continue;
                    };
                    let _timer = metrics.elapsed_compute().timer();
                    windows.see(batch)?;
                }
            }
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            self.schema(),
            batches,
        )))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// The rows that wait for sums, and how far each function is.
struct Windows {
    schema: SchemaRef,
    partition_by: Vec<Arc<dyn PhysicalExpr>>,
    runs: Runs,
    functions: Vec<(Asks, State)>,
    waiting: VecDeque<Waiting>,
    /// The partitions that were begun; the last goes on, for all that is known.
    begun: usize,
    ended: bool,
}

enum State {
    Number(u64),
    SumSoFar(Option<i64>),
    /// The sums of the partitions from `first` on, of which rows still wait.
    Sums {
        first: usize,
        sums: VecDeque<Option<i64>>,
    },
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
    fn new(
        schema: SchemaRef,
        partition_by: &[Arc<dyn PhysicalExpr>],
        functions: &[Function],
    ) -> Self {
        let functions = functions.iter().map(|function| {
            let state = match function.asks {
                Asks::Number => State::Number(0),
                Asks::SumSoFar(_) => State::SumSoFar(None),
                Asks::Sum(_) => State::Sums {
                    first: 0,
                    sums: VecDeque::new(),
                },
            };
            (function.asks.clone(), state)
        });
        Self {
            schema,
            partition_by: partition_by.to_vec(),
            runs: Runs::default(),
            functions: functions.collect(),
            waiting: VecDeque::new(),
            begun: 0,
            ended: false,
        }
    }

    /// Takes in the next rows.
    fn see(&mut self, batch: RecordBatch) -> Result<()> {
        let rows = batch.num_rows();
        if rows == 0 {
            return Ok(());
        }
        let value = |one: &Arc<dyn PhysicalExpr>| one.evaluate(&batch)?.into_array(rows);
        let partition: Vec<ArrayRef> =
            self.partition_by.iter().map(value).collect::<Result<_>>()?;
        let cut = self.runs.cut(&partition, rows)?;
        let first = self.begun - usize::from(cut.goes_on);
        self.begun = first + cut.ranges.len();
        let mut values = Vec::with_capacity(self.functions.len());
        for (asks, state) in &mut self.functions {
            values.push(match (asks, state) {
                (Asks::SumSoFar(summed), State::SumSoFar(sum)) => {
                    Some(sums_so_far(value(summed)?.as_primitive(), &cut, sum))
                }
                (Asks::Sum(summed), State::Sums { sums, .. }) => {
                    add(value(summed)?.as_primitive(), &cut, sums);
                    None
                }
                (_, State::Number(number)) => Some(numbers(&cut, number)),
                _ => return internal_err!("a window function has the state of another"),
            });
        }
        self.waiting.push_back(Waiting {
            values,
            first,
            lengths: cut.ranges.iter().map(ExactSizeIterator::len).collect(),
            batch,
        });
        Ok(())
    }

    /// There are no more rows.
    fn end(&mut self) {
        self.ended = true;
    }

    /// The next batch of which all is known.
    fn done(&mut self) -> Result<Option<RecordBatch>> {
        let Some(next) = self.waiting.front() else {
            return Ok(None);
        };
        let is_known = self.ended
            || next.first + next.lengths.len() < self.begun
            || next.values.iter().all(Option::is_some);
        if !is_known {
            return Ok(None);
        }
        let Some(next) = self.waiting.pop_front() else {
            return Ok(None);
        };
        let mut columns = next.batch.columns().to_vec();
        for (value, (_, state)) in next.values.into_iter().zip(&mut self.functions) {
            columns.push(match (value, state) {
                (Some(value), _) => value,
                (None, State::Sums { first, sums }) => {
                    sums.drain(..next.first - *first);
                    *first = next.first;
                    let sums = sums.iter().zip(&next.lengths);
                    let sums = sums.flat_map(|(sum, rows)| std::iter::repeat_n(*sum, *rows));
                    Arc::new(sums.collect::<Int64Array>())
                }
                _ => return internal_err!("a window function has the state of another"),
            });
        }
        Ok(Some(RecordBatch::try_new(
            Arc::clone(&self.schema),
            columns,
        )?))
    }
}

fn numbers(cut: &Cut, number: &mut u64) -> ArrayRef {
    let mut numbers = Vec::with_capacity(cut.ranges.last().map_or(0, |last| last.end));
    for (at, run) in cut.ranges.iter().enumerate() {
        let before = if at == 0 && cut.goes_on { *number } else { 0 };
        *number = before + run.len() as u64;
        numbers.extend(before + 1..=*number);
    }
    Arc::new(UInt64Array::from(numbers))
}

fn sums_so_far(values: &Int64Array, cut: &Cut, sum: &mut Option<i64>) -> ArrayRef {
    let mut sums = Int64Array::builder(values.len());
    for (at, run) in cut.ranges.iter().enumerate() {
        if at > 0 || !cut.goes_on {
            *sum = None;
        }
        for row in run.clone() {
            *sum = plus(*sum, values.is_valid(row).then(|| values.value(row)));
            sums.append_option(*sum);
        }
    }
    Arc::new(sums.finish())
}

/// Adds up each run, the first one to what is there if it goes on.
fn add(values: &Int64Array, cut: &Cut, sums: &mut VecDeque<Option<i64>>) {
    for (at, run) in cut.ranges.iter().enumerate() {
        if at > 0 || !cut.goes_on {
            sums.push_back(None);
        }
        let part = arrow::compute::sum::<Int64Type>(&values.slice(run.start, run.len()));
        if let Some(sum) = sums.back_mut() {
            *sum = plus(*sum, part);
        }
    }
}

/// As SQL adds: what is unknown counts for nothing.
fn plus(sum: Option<i64>, more: Option<i64>) -> Option<i64> {
    match (sum, more) {
        (Some(sum), Some(more)) => Some(sum.wrapping_add(more)),
        (sum, None) => sum,
        (None, more) => more,
    }
}

#[cfg(test)]
mod tests;
