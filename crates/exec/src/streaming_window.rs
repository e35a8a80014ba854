//! Window functions over rows that are in the order of the partitions.
//!
//! DataFusion streams row numbers and running sums, one partition after another,
//! each with a state and batches of its own; for a sum over a whole partition it
//! concatenates all rows of the input into one batch first. Here one state is
//! updated batch by batch, and batches are held back only until the partitions
//! whose sums they need are complete.

mod windows;

use std::fmt::{Formatter, Result as Written};
use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{WindowFrame, WindowFrameBound, WindowFrameUnits};
use datafusion::physical_expr::window::{PlainAggregateWindowExpr, StandardWindowExpr, WindowExpr};
use datafusion::physical_expr::{Distribution, OrderingRequirements, PhysicalExpr};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowAggExec, WindowUDFExpr};
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties as _,
    InputDistributionRequirements, InputOrderMode, PlanProperties,
};
use futures::stream::{self, StreamExt as _};

use crate::replace;
use crate::stands_for::StandsFor;
use windows::Windows;

/// A streaming window in place of DataFusion's operators, over rows that are in
/// the order of the partitions, if all its functions are row numbers and sums.
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
    Ok(Some(Arc::new(StreamingWindowExec {
        window: Arc::clone(plan),
        input: Arc::clone(input),
        partition_by: partition_by.to_vec(),
        functions,
        metrics: ExecutionPlanMetricsSet::new(),
    })))
}

/// Row numbers and sums over rows that are in the order of the partitions.
#[derive(Debug)]
pub(crate) struct StreamingWindowExec {
    /// DataFusion's operator over the same input.
    window: Arc<dyn ExecutionPlan>,
    input: Arc<dyn ExecutionPlan>,
    partition_by: Vec<Arc<dyn PhysicalExpr>>,
    functions: Vec<Function>,
    metrics: ExecutionPlanMetricsSet,
}

#[derive(Debug, Clone)]
struct Function {
    name: String,
    kind: FunctionKind,
}

#[derive(Debug, Clone)]
enum FunctionKind {
    RowNumber,
    /// The sum of whole numbers from the partition's first row to this one.
    RunningSum(Arc<dyn PhysicalExpr>),
    /// The sum of whole numbers over the partition.
    Sum(Arc<dyn PhysicalExpr>),
}

impl Function {
    fn of(window: &Arc<dyn WindowExpr>, schema: &SchemaRef) -> Option<Self> {
        let name = window.name().to_owned();
        if let Some(standard) = window.as_any().downcast_ref::<StandardWindowExpr>() {
            let function = standard.get_standard_func_expr().as_any();
            let function = function.downcast_ref::<WindowUDFExpr>()?;
            let kind =
                (function.fun().name() == "row_number").then_some(FunctionKind::RowNumber)?;
            return Some(Self { name, kind });
        }
        let plain = window.as_any().downcast_ref::<PlainAggregateWindowExpr>()?;
        let function = plain.get_aggregate_expr();
        let arguments = function.expressions();
        let [argument] = arguments.as_slice() else {
            return None;
        };
        let is_sum = function.fun().name() == "sum"
            && !function.is_distinct()
            // Of a filter only the name tells.
            && !name.contains("FILTER")
            && argument.data_type(schema).ok()? == DataType::Int64
            && *function.field().data_type() == DataType::Int64;
        if !is_sum {
            return None;
        }
        let sum = sum_over(window.get_window_frame(), window.order_by().is_empty())?;
        let kind = sum(Arc::clone(argument));
        Some(Self { name, kind })
    }
}

/// The kind of sum over a frame, if it is one of these.
fn sum_over(
    frame: &WindowFrame,
    unordered: bool,
) -> Option<fn(Arc<dyn PhysicalExpr>) -> FunctionKind> {
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
        WindowFrameBound::Following(_) if end_bound.is_unbounded() => Some(FunctionKind::Sum),
        WindowFrameBound::CurrentRow if *units == WindowFrameUnits::Rows => {
            Some(FunctionKind::RunningSum)
        }
        // Without an order all rows are peers.
        WindowFrameBound::CurrentRow if *units == WindowFrameUnits::Range && unordered => {
            Some(FunctionKind::Sum)
        }
        _ => None,
    }
}

impl StandsFor for StreamingWindowExec {
    fn original(&self) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Arc::clone(&self.window))
    }
}

impl DisplayAs for StreamingWindowExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut Formatter<'_>) -> Written {
        let names = self.functions.iter().map(|function| function.name.as_str());
        let names: Vec<&str> = names.collect();
        write!(f, "StreamingWindowExec: wdw=[{}]", names.join(", "))
    }
}

impl ExecutionPlan for StreamingWindowExec {
    fn name(&self) -> &'static str {
        "StreamingWindowExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.window.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        InputDistributionRequirements::new(vec![Distribution::SinglePartition])
    }

    fn required_input_ordering(&self) -> Vec<Option<OrderingRequirements>> {
        self.window.required_input_ordering()
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
            .filter_map(|function| match &function.kind {
                FunctionKind::RowNumber => None,
                FunctionKind::RunningSum(summed) | FunctionKind::Sum(summed) => Some(summed),
            });
        for expression in self.partition_by.iter().chain(summed) {
            recursion = recursion.visit_sibling(|| f(expression))?;
        }
        Ok(recursion)
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        replace::over(&self.window, children, in_place_of)
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let rows = self.input.execute(partition, Arc::clone(&context))?;
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let consumer = MemoryConsumer::new(format!("StreamingWindowExec[{partition}]"));
        let windows = Windows::new(
            self.schema(),
            &self.partition_by,
            &self.functions,
            consumer.register(context.memory_pool()),
        );
        let batches = stream::try_unfold((rows, windows), move |(mut rows, mut windows)| {
            let metrics = metrics.clone();
            async move {
                loop {
                    if let Some(output) = windows.pop()? {
                        metrics.record_output(output.num_rows());
                        return Ok(Some((output, (rows, windows))));
                    }
                    let Some(batch) = rows.next().await.transpose()? else {
                        if windows.is_input_done {
                            return Ok(None);
                        }
                        windows.is_input_done = true;
                        continue;
                    };
                    let _timer = metrics.elapsed_compute().timer();
                    windows.push(batch)?;
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

#[cfg(test)]
mod tests;
