//! Aggregating groups whose rows stand one after another.
//!
//! DataFusion looks every row's group up in a hash table, also where the rows
//! come in the order of the groups. There a group ends where a value changes:
//! neighbours are compared, nothing is looked up, and what is done is given on.
//! Rows that come in the order of some of the values, a few with the same ones,
//! are compared with those few.

mod groups;
mod whole;
mod within;

use std::fmt::{Formatter, Result as Written};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::aggregate::AggregateFunctionExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{LexOrdering, PhysicalExpr, PhysicalSortExpr};
use datafusion::physical_expr_common::utils::evaluate_expressions_to_arrays;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode, aggregate_expressions};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::stream::{EmptyRecordBatchStream, RecordBatchStreamAdapter};
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, Distribution, ExecutionPlan, ExecutionPlanProperties as _,
    InputOrderMode, PlanProperties,
};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};

use crate::plain::StandsFor;
use crate::replace;
use crate::runs::Runs;
use groups::Groups;
use whole::Whole;

/// Rows with the same values of those that all come in the order of, above
/// which DataFusion's way of grouping is as good.
const SHORT: usize = 32;

/// Run by run, in place of an aggregation of rows that come in the order of
/// the groups.
pub(crate) fn in_place_of(plan: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let single = in_one(plan)?;
    let runs = RunAggregateExec::of(single.as_ref().unwrap_or(plan))?;
    Ok(runs.map(|runs| Arc::new(runs) as _).or(single))
}

/// Streams that are merged in an order of the groups are grouped behind the
/// merge, instead of each before it and all behind it.
fn in_one(plan: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
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

/// See the module.
#[derive(Debug)]
pub(crate) struct RunAggregateExec {
    /// What this is in the place of: it is there for rows of which many follow
    /// one another with the same values.
    aggregate: Arc<dyn ExecutionPlan>,
    input: Arc<dyn ExecutionPlan>,
    groups: Vec<(Arc<dyn PhysicalExpr>, String)>,
    order: Order,
    functions: Vec<Function>,
    metrics: ExecutionPlanMetricsSet,
}

/// The values that the rows come in the order of.
#[derive(Debug, Clone)]
enum Order {
    All,
    /// Those at these places, and those at the others.
    Some(Vec<usize>, Vec<usize>),
}

#[derive(Debug, Clone)]
struct Function {
    function: Arc<AggregateFunctionExpr>,
    arguments: Vec<Arc<dyn PhysicalExpr>>,
    filter: Option<Arc<dyn PhysicalExpr>>,
}

impl RunAggregateExec {
    /// In place of an aggregation, if its input comes in the order of the
    /// groups, or of some of their values, and all its functions can take in
    /// many groups at once.
    fn of(aggregate: &Arc<dyn ExecutionPlan>) -> Result<Option<Self>> {
        let Some(plan) = aggregate.downcast_ref::<AggregateExec>() else {
            return Ok(None);
        };
        let groups = plan.group_expr();
        let functions = plan.aggr_expr();
        let order = match plan.input_order_mode() {
            InputOrderMode::Sorted => Order::All,
            InputOrderMode::PartiallySorted(some) => {
                let others = (0..groups.expr().len()).filter(|at| !some.contains(at));
                Order::Some(some.clone(), others.collect())
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
        // Zeros of both signs are one group, and two values.
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
        Ok(Some(Self {
            aggregate: Arc::clone(aggregate),
            input: Arc::clone(plan.input()),
            groups: groups.expr().to_vec(),
            order,
            functions: functions.collect(),
            metrics: ExecutionPlanMetricsSet::new(),
        }))
    }
}

impl StandsFor for RunAggregateExec {
    fn original(&self) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Arc::clone(&self.aggregate))
    }
}

impl DisplayAs for RunAggregateExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut Formatter<'_>) -> Written {
        let groups: Vec<&str> = self.groups.iter().map(|(_, name)| name.as_str()).collect();
        let functions = self.functions.iter().map(|one| one.function.name());
        let functions: Vec<&str> = functions.collect();
        let (groups, functions) = (groups.join(", "), functions.join(", "));
        write!(f, "RunAggregateExec: gby=[{groups}], aggr=[{functions}]")
    }
}

impl ExecutionPlan for RunAggregateExec {
    fn name(&self) -> &'static str {
        "RunAggregateExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.aggregate.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn required_input_distribution(&self) -> Vec<Distribution> {
        vec![Distribution::SinglePartition]
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
        let grouping = Grouping {
            groups,
            enough: context.session_config().batch_size(),
            metrics: BaselineMetrics::new(&self.metrics, partition),
        };
        let Order::Some(ordered, _) = &self.order else {
            return Ok(grouping.of(Input::Any(rows)));
        };
        let ordered = ordered.iter().filter_map(|at| self.groups.get(*at));
        let ordered = ordered.map(|(group, _)| Arc::clone(group)).collect();
        let aggregate = Arc::clone(&self.aggregate);
        let chosen = chosen(rows, ordered, grouping, aggregate, context);
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            self.schema(),
            stream::once(chosen).try_flatten(),
        )))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// Groups run by run, or, where the first rows say that runs are long, as
/// DataFusion does.
async fn chosen(
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
        .is_some_and(|first| first.num_rows() > runs * SHORT);
    let rows = stream::iter(first.map(Ok)).chain(rows);
    let rows: SendableRecordBatchStream =
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&schema), rows));
    if !are_long {
        return Ok(grouping.of(Input::WholeRuns(Whole::new(rows, ordered))));
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

/// Rows that were begun to be read.
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

/// Rows as they come, or in batches that end where runs end.
enum Input {
    Any(SendableRecordBatchStream),
    WholeRuns(Whole),
}

impl Input {
    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        match self {
            Self::Any(rows) => rows.next().await.transpose(),
            Self::WholeRuns(rows) => rows.next().await,
        }
    }
}

/// Groups at work.
struct Grouping {
    groups: Groups,
    /// About how many rows a batch has.
    enough: usize,
    metrics: BaselineMetrics,
}

impl Grouping {
    fn of(self, rows: Input) -> SendableRecordBatchStream {
        let Self {
            groups,
            enough,
            metrics,
        } = self;
        let schema = Arc::clone(&groups.schema);
        let batches = stream::try_unfold((rows, Some(groups)), move |(mut rows, groups)| {
            let metrics = metrics.clone();
            async move {
                let Some(mut groups) = groups else {
                    return Ok(None);
                };
                while let Some(batch) = rows.next().await? {
                    let _timer = metrics.elapsed_compute().timer();
                    groups.see(&batch)?;
                    if let Some(done) = groups.done(enough)? {
                        metrics.record_output(done.num_rows());
                        return Ok(Some((done, (rows, Some(groups)))));
                    }
                }
                let last = groups.end()?;
                Ok(last.map(|last| {
                    metrics.record_output(last.num_rows());
                    (last, (rows, None))
                }))
            }
        });
        Box::pin(RecordBatchStreamAdapter::new(schema, batches))
    }
}

#[cfg(test)]
mod tests;
