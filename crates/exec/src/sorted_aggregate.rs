//! Aggregating rows that are in the order of the groups.
//!
//! DataFusion looks up the group of every row in a hash table, also where the
//! rows are in the order of the groups. Here a group ends where a value changes:
//! neighbours are compared, nothing is looked up, and finished groups are output.
//! Where rows are in the order of some of the values only, a row is compared with
//! the groups of its run, or looked up by a hash if these are many. If the runs of
//! the first batch are long, DataFusion's aggregation takes over.

mod groups;
mod run_groups;
mod whole_runs;

use std::fmt::{Formatter, Result as Written};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::aggregate::AggregateFunctionExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{
    Distribution, LexOrdering, OrderingRequirements, PhysicalExpr, PhysicalSortExpr,
};
use datafusion::physical_expr_common::utils::evaluate_expressions_to_arrays;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode, aggregate_expressions};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::stream::{EmptyRecordBatchStream, RecordBatchStreamAdapter};
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties as _,
    InputDistributionRequirements, InputOrderMode, PlanProperties,
};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};

use crate::replace;
use crate::runs::Runs;
use crate::stands_for::StandsFor;
use groups::Groups;
use whole_runs::WholeRuns;

/// The mean length of a run above which DataFusion's hash table is as good.
const SHORT_RUN: usize = 32;

/// A sorted aggregation in place of a hash aggregation of rows that are in the
/// order of the groups.
pub(crate) fn in_place_of(plan: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let single = single_stage(plan)?;
    let sorted = SortedAggregateExec::of(single.as_ref().unwrap_or(plan))?;
    Ok(sorted.map(|sorted| Arc::new(sorted) as _).or(single))
}

/// Partitions that are merged in an order of the groups are aggregated after the
/// merge, instead of each before it and all after it.
fn single_stage(plan: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let both = plan.downcast_ref::<AggregateExec>().and_then(|last| {
        let merge = last.input().downcast_ref::<SortPreservingMergeExec>()?;
        let first = merge.input().downcast_ref::<AggregateExec>()?;
        let fits = *last.mode() == AggregateMode::Final
            && *first.mode() == AggregateMode::Partial
            && merge.fetch().is_none()
            && first.group_expr().is_single()
            && first.limit_options().is_none()
            && last.limit_options().is_none();
        fits.then_some((merge, first))
    });
    let Some((merge, first)) = both else {
        return Ok(None);
    };
    let groups = first.group_expr().expr();
    let order = merge.expr().iter().map(|sort| {
        let (group, _) = groups.get(sort.expr.downcast_ref::<Column>()?.index())?;
        Some(PhysicalSortExpr::new(Arc::clone(group), sort.options))
    });
    let order: Option<Vec<PhysicalSortExpr>> = order.collect();
    let Some(order) = order.and_then(LexOrdering::new) else {
        return Ok(None);
    };
    let merged = SortPreservingMergeExec::new(order, Arc::clone(first.input()));
    let single = AggregateExec::try_new(
        AggregateMode::Single,
        Arc::new(first.group_expr().clone()),
        first.aggr_expr().to_vec(),
        first.filter_expr().to_vec(),
        Arc::new(merged),
        first.input_schema(),
    )?;
    Ok((single.schema() == plan.schema()).then(|| Arc::new(single) as _))
}

/// An aggregation of rows that are in the order of all groups' values, or of some.
#[derive(Debug)]
pub(crate) struct SortedAggregateExec {
    /// DataFusion's aggregation of the same input, which takes over where runs are
    /// long.
    aggregate: Arc<dyn ExecutionPlan>,
    input: Arc<dyn ExecutionPlan>,
    groups: Vec<(Arc<dyn PhysicalExpr>, String)>,
    order: InputOrder,
    required: Option<LexOrdering>,
    functions: Vec<Function>,
    metrics: ExecutionPlanMetricsSet,
}

/// The values of the groups that the rows are in the order of.
#[derive(Debug, Clone)]
enum InputOrder {
    /// All.
    Full,
    /// Those with the first indices; not those with the others.
    Partial(Vec<usize>, Vec<usize>),
}

#[derive(Debug, Clone)]
struct Function {
    function: Arc<AggregateFunctionExpr>,
    arguments: Vec<Arc<dyn PhysicalExpr>>,
    filter: Option<Arc<dyn PhysicalExpr>>,
}

impl SortedAggregateExec {
    /// In place of an aggregation, if its input is in the order of the groups, or
    /// of some of their values, and all its functions can aggregate many groups at
    /// once.
    fn of(aggregate: &Arc<dyn ExecutionPlan>) -> Result<Option<Self>> {
        let Some(plan) = aggregate.downcast_ref::<AggregateExec>() else {
            return Ok(None);
        };
        let groups = plan.group_expr();
        let functions = plan.aggr_expr();
        let order = match plan.input_order_mode() {
            InputOrderMode::Sorted => InputOrder::Full,
            InputOrderMode::PartiallySorted(some) => {
                let others = (0..groups.expr().len()).filter(|at| !some.contains(at));
                InputOrder::Partial(some.clone(), others.collect())
            }
            InputOrderMode::Linear => return Ok(None),
        };
        let fits = *plan.mode() == AggregateMode::Single
            && groups.is_single()
            && !groups.is_empty()
            && plan.limit_options().is_none()
            && functions
                .iter()
                .all(|function| function.groups_accumulator_supported());
        if !fits {
            return Ok(None);
        }
        // Zeros of both signs are one group, and two values of an order.
        let schema = plan.input().schema();
        for (group, _) in groups.expr() {
            let kind = group.data_type(&schema)?;
            if kind.is_floating() || kind.is_nested() {
                return Ok(None);
            }
        }
        let arguments = aggregate_expressions(functions, plan.mode(), groups.expr().len())?;
        let filters = plan.filter_expr().iter();
        let functions = functions.iter().zip(arguments).zip(filters);
        let functions = functions.map(|((function, arguments), filter)| Function {
            function: Arc::clone(function),
            arguments,
            filter: filter.clone(),
        });
        let values = groups.expr().iter().map(|(group, _)| Arc::clone(group));
        let known = plan.input().equivalence_properties();
        let (required, _) = known.find_longest_permutation(&values.collect::<Vec<_>>())?;
        Ok(Some(Self {
            aggregate: Arc::clone(aggregate),
            input: Arc::clone(plan.input()),
            groups: groups.expr().to_vec(),
            order,
            required: LexOrdering::new(required),
            functions: functions.collect(),
            metrics: ExecutionPlanMetricsSet::new(),
        }))
    }
}

impl StandsFor for SortedAggregateExec {
    fn original(&self) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Arc::clone(&self.aggregate))
    }
}

impl DisplayAs for SortedAggregateExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut Formatter<'_>) -> Written {
        let groups: Vec<&str> = self.groups.iter().map(|(_, name)| name.as_str()).collect();
        let functions = self.functions.iter().map(|one| one.function.name());
        let functions: Vec<&str> = functions.collect();
        let (groups, functions) = (groups.join(", "), functions.join(", "));
        write!(f, "SortedAggregateExec: gby=[{groups}], aggr=[{functions}]")
    }
}

impl ExecutionPlan for SortedAggregateExec {
    fn name(&self) -> &'static str {
        "SortedAggregateExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.aggregate.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        InputDistributionRequirements::new(vec![Distribution::SinglePartition])
    }

    /// The order of the groups, and of the functions that need one.
    fn required_input_ordering(&self) -> Vec<Option<OrderingRequirements>> {
        let own = self.required.clone().map(OrderingRequirements::from);
        let of_functions = self.aggregate.required_input_ordering().pop();
        vec![of_functions.flatten().or(own)]
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        let mut recursion = TreeNodeRecursion::Continue;
        let groups = self.groups.iter().map(|(group, _)| group);
        let functions = self.functions.iter();
        let arguments = functions.flat_map(|one| one.arguments.iter().chain(&one.filter));
        for expression in groups.chain(arguments) {
            recursion = recursion.visit_sibling(|| f(expression))?;
        }
        Ok(recursion)
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        replace::over(&self.aggregate, children, in_place_of)
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let rows = self.input.execute(partition, Arc::clone(&context))?;
        let groups = Groups::new(
            self.schema(),
            &self.groups,
            self.order.clone(),
            &self.functions,
        )?;
        let consumer = MemoryConsumer::new(format!("SortedAggregateExec[{partition}]"));
        let grouping = Grouping {
            groups,
            batch_size: context.session_config().batch_size(),
            reservation: consumer.register(context.memory_pool()),
            metrics: BaselineMetrics::new(&self.metrics, partition),
        };
        let InputOrder::Partial(ordered, _) = &self.order else {
            return Ok(grouping.aggregate(Input::Any(rows)));
        };
        let ordered = ordered.iter().filter_map(|at| self.groups.get(*at));
        let ordered = ordered.map(|(group, _)| Arc::clone(group)).collect();
        let aggregate = Arc::clone(&self.aggregate);
        let chosen = by_run_length(rows, ordered, grouping, aggregate, context);
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            self.schema(),
            stream::once(chosen).try_flatten(),
        )))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// Groups run by run, or, where runs are long in the first batch, as DataFusion
/// does.
async fn by_run_length(
    mut rows: SendableRecordBatchStream,
    ordered: Vec<Arc<dyn PhysicalExpr>>,
    grouping: Grouping,
    aggregate: Arc<dyn ExecutionPlan>,
    context: Arc<TaskContext>,
) -> Result<SendableRecordBatchStream> {
    let schema = rows.schema();
    let mut first = None;
    let mut runs = 0;
    while let Some(batch) = rows.next().await.transpose()? {
        let count = batch.num_rows();
        if count > 0 {
            let values = evaluate_expressions_to_arrays(&ordered, &batch)?;
            runs = Runs::default().cut(&values, count)?.ranges.len();
            first = Some(batch);
            break;
        }
    }
    let are_long = first
        .as_ref()
        .is_some_and(|first| first.num_rows() > runs * SHORT_RUN);
    let rows = stream::iter(first.map(Ok)).chain(rows);
    let rows: SendableRecordBatchStream =
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&schema), rows));
    if !are_long {
        let rows = WholeRuns::new(rows, ordered);
        return Ok(grouping.aggregate(Input::WholeRuns(rows)));
    }
    let order = aggregate.children();
    let order = order.first().and_then(|input| input.output_ordering());
    let order: Vec<LexOrdering> = order.cloned().into_iter().collect();
    let rows = Once {
        schema: Arc::clone(&schema),
        rows: Mutex::new(Some(rows)),
    };
    let rows = StreamingTableExec::try_new(schema, vec![Arc::new(rows)], None, order, false, None)?;
    let aggregate = replace::over(&aggregate, vec![Arc::new(rows)], |_| Ok(None))?;
    aggregate.execute(0, context)
}

/// A stream that has been begun, as the only partition of a table.
struct Once {
    schema: SchemaRef,
    rows: Mutex<Option<SendableRecordBatchStream>>,
}

impl std::fmt::Debug for Once {
    fn fmt(&self, f: &mut Formatter<'_>) -> Written {
        f.write_str("Once")
    }
}

impl PartitionStream for Once {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let empty = || Box::pin(EmptyRecordBatchStream::new(Arc::clone(&self.schema))) as _;
        rows.take().unwrap_or_else(empty)
    }
}

/// Batches as they come, or of whole runs.
enum Input {
    Any(SendableRecordBatchStream),
    WholeRuns(WholeRuns),
}

impl Input {
    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        match self {
            Self::Any(rows) => rows.next().await.transpose(),
            Self::WholeRuns(rows) => rows.next().await,
        }
    }

    fn memory_size(&self) -> usize {
        match self {
            Self::Any(_) => 0,
            Self::WholeRuns(rows) => rows.memory_size(),
        }
    }
}

/// An aggregation on its way.
struct Grouping {
    groups: Groups,
    batch_size: usize,
    reservation: MemoryReservation,
    metrics: BaselineMetrics,
}

impl Grouping {
    fn aggregate(self, input: Input) -> SendableRecordBatchStream {
        let schema = Arc::clone(&self.groups.schema);
        let batches = stream::try_unfold((input, Some(self)), |(mut input, grouping)| async move {
            let Some(mut grouping) = grouping else {
                return Ok(None);
            };
            while let Some(batch) = input.next().await? {
                if let Some(output) = grouping.push(&batch, &input)? {
                    return Ok(Some((output, (input, Some(grouping)))));
                }
            }
            let rest = grouping.groups.rest()?;
            Ok(rest.map(|rest| {
                grouping.metrics.record_output(rest.num_rows());
                (rest, (input, None))
            }))
        });
        Box::pin(RecordBatchStreamAdapter::new(schema, batches))
    }

    /// Aggregates the next rows; the groups that are finished, if they make a batch.
    fn push(&mut self, batch: &RecordBatch, input: &Input) -> Result<Option<RecordBatch>> {
        let _timer = self.metrics.elapsed_compute().timer();
        self.groups.push(batch)?;
        let bytes = self.groups.memory_size() + input.memory_size();
        self.reservation.try_resize(bytes)?;
        let output = self.groups.finished(self.batch_size)?;
        if let Some(output) = &output {
            self.metrics.record_output(output.num_rows());
        }
        Ok(output)
    }
}

#[cfg(test)]
mod tests;
