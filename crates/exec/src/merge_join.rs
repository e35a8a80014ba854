//! Joining two inputs that are in the order of the join keys.
//!
//! DataFusion builds a hash table of one side of a join even if both come from
//! files in one order. Here a cursor advances over both: only a few batches and
//! those with rows of the current key are buffered, the joined rows are in order,
//! and consecutive rows that match consecutive rows are passed on without a copy.

mod cursor;

use std::fmt::{Formatter, Result as Written};
use std::sync::Arc;

use arrow::compute::SortOptions;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{JoinSide, JoinType, NullEquality, Result, project_schema};
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::equivalence::{ProjectionMapping, join_equivalence_properties};
use datafusion::physical_expr::{
    Distribution, LexOrdering, OrderingRequirements, PhysicalExpr, PhysicalSortExpr,
};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::joins::utils::{ColumnIndex, build_join_schema};
use datafusion::physical_plan::joins::{HashJoinExec, PartitionMode};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties as _,
    InputDistributionRequirements, Partitioning, PlanProperties,
};
use futures::stream::{self, StreamExt as _};

use crate::join_order::{partitions, unordered};
use crate::prefetch::prefetch;
use crate::replace::over;
use crate::stands_for::StandsFor;
use cursor::{Inputs, MergeCursor, Step};

/// A merge join in place of a hash join both sides of which are in the order of
/// its keys.
pub(crate) fn in_place_of(plan: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let Some(join) = plan.downcast_ref::<HashJoinExec>() else {
        return Ok(None);
    };
    let is_equi_join = matches!(
        join.join_type(),
        JoinType::Inner | JoinType::Left | JoinType::Right
    ) && *join.partition_mode() == PartitionMode::CollectLeft
        && join.filter().is_none()
        && join.fetch().is_none()
        && !join.null_aware
        && join.null_equality() == NullEquality::NullEqualsNothing;
    if !is_equi_join {
        return Ok(None);
    }
    // Zeros of both signs are equal as keys and two values in an order: what follows is in the
    // order of neither.
    let schema = join.left().schema();
    for (at, (key, _)) in join.on().iter().enumerate() {
        let kind = key.data_type(&schema)?;
        if kind.is_nested() || kind.is_floating() && at + 1 < join.on().len() {
            return Ok(None);
        }
    }
    let [left_order, right_order] = key_orders(join);
    let (Some(left_order), Some(right_order)) = (left_order, right_order) else {
        return Ok(None);
    };
    let left = in_order(join.left(), left_order)?;
    let right = in_order(join.right(), right_order)?;
    let (Some(left), Some(right)) = (left, right) else {
        return Ok(None);
    };
    Ok(Some(Arc::new(MergeJoinExec::new(join, left, right)?)))
}

/// The order of each side's keys, ascending, nulls last.
fn key_orders(join: &HashJoinExec) -> [Option<LexOrdering>; 2] {
    let options = SortOptions::new(false, false);
    let order = |key: &Arc<dyn PhysicalExpr>| PhysicalSortExpr::new(Arc::clone(key), options);
    [
        LexOrdering::new(join.on().iter().map(|(left, _)| order(left))),
        LexOrdering::new(join.on().iter().map(|(_, right)| order(right))),
    ]
}

/// A side in an order as a single partition, if its partitions are in that order.
fn in_order(
    side: &Arc<dyn ExecutionPlan>,
    order: LexOrdering,
) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let partitions = partitions(side);
    let known = partitions.equivalence_properties();
    if !known.ordering_satisfy(order.clone())? {
        return Ok(None);
    }
    if partitions.output_partitioning().partition_count() == 1 {
        return Ok(Some(Arc::clone(partitions)));
    }
    // Of equal rows those of the first partition come first, on any number of processors.
    let merged = SortPreservingMergeExec::new(order, Arc::clone(partitions))
        .with_round_robin_repartition(false);
    Ok(Some(Arc::new(merged)))
}

/// Joins two inputs that are ordered by the keys. The joined rows are in the
/// order of the *streamed* side: the left one of a left join, else the right one.
#[derive(Debug)]
pub(crate) struct MergeJoinExec {
    /// DataFusion's join of the same inputs.
    join: HashJoinExec,
    left: Arc<dyn ExecutionPlan>,
    right: Arc<dyn ExecutionPlan>,
    columns: Vec<ColumnIndex>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl MergeJoinExec {
    fn new(
        join: &HashJoinExec,
        left: Arc<dyn ExecutionPlan>,
        right: Arc<dyn ExecutionPlan>,
    ) -> Result<Self> {
        let join = join.builder().recompute_properties();
        let join = join.with_new_children(vec![unordered(&left), Arc::clone(&right)])?;
        let join = join.build()?;
        let kind = *join.join_type();
        let (schema, mut columns) = build_join_schema(&left.schema(), &right.schema(), &kind);
        let schema = Arc::new(schema);
        let mut known = join_equivalence_properties(
            left.equivalence_properties().clone(),
            right.equivalence_properties().clone(),
            &kind,
            Arc::clone(&schema),
            &keeps_order(kind),
            None,
            join.on(),
        )?;
        if let Some(projection) = &join.projection {
            let mapping = ProjectionMapping::from_indices(projection, &schema)?;
            let projected = projection.iter().copied().collect::<Vec<_>>();
            known = known.project(&mapping, project_schema(&schema, Some(&projected))?);
            columns = projection.iter().map(|at| columns[*at].clone()).collect();
        }
        let properties = PlanProperties::new(
            known,
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Ok(Self {
            join,
            left,
            right,
            columns,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        })
    }
}

fn streamed_side(kind: JoinType) -> JoinSide {
    match kind {
        JoinType::Left => JoinSide::Left,
        _ => JoinSide::Right,
    }
}

fn keeps_order(kind: JoinType) -> [bool; 2] {
    let left = streamed_side(kind) == JoinSide::Left;
    [left, !left]
}

impl StandsFor for MergeJoinExec {
    fn original(&self) -> Result<Arc<dyn ExecutionPlan>> {
        self.join.builder().build_exec()
    }
}

impl DisplayAs for MergeJoinExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut Formatter<'_>) -> Written {
        write!(
            f,
            "MergeJoinExec: join_type={:?}, on=[",
            self.join.join_type()
        )?;
        for (at, (left, right)) in self.join.on().iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}({left}, {right})")?;
        }
        f.write_str("]")
    }
}

impl ExecutionPlan for MergeJoinExec {
    fn name(&self) -> &'static str {
        "MergeJoinExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.left, &self.right]
    }

    fn required_input_ordering(&self) -> Vec<Option<OrderingRequirements>> {
        let orders = key_orders(&self.join).into_iter();
        orders
            .map(|order| order.map(OrderingRequirements::from))
            .collect()
    }

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        InputDistributionRequirements::new(vec![Distribution::SinglePartition; 2])
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        keeps_order(*self.join.join_type()).to_vec()
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        let mut recursion = TreeNodeRecursion::Continue;
        for (left, right) in self.join.on() {
            recursion = recursion.visit_sibling(|| f(left))?;
            recursion = recursion.visit_sibling(|| f(right))?;
        }
        Ok(recursion)
    }

    /// Over other inputs, or the hash join, if they are in another order.
    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if let Some(left) = children.first_mut() {
            *left = unordered(left);
        }
        over(&self.original()?, children, in_place_of)
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let kind = *self.join.join_type();
        let left = prefetch(self.left.execute(0, Arc::clone(&context))?);
        let right = prefetch(self.right.execute(0, Arc::clone(&context))?);
        let (left_keys, right_keys) = self.join.on().iter().cloned().unzip();
        let ((streamed, streamed_keys), (buffered, buffered_keys)) = match streamed_side(kind) {
            JoinSide::Left => ((left, left_keys), (right, right_keys)),
            _ => ((right, right_keys), (left, left_keys)),
        };
        let consumer = MemoryConsumer::new(format!("MergeJoinExec[{partition}]"));
        let cursor = MergeCursor::new(
            self.schema(),
            self.columns.clone(),
            Inputs {
                streamed_side: streamed_side(kind),
                streamed_keys,
                buffered_keys,
                buffered_schema: buffered.schema(),
            },
            kind != JoinType::Inner,
            context.session_config().batch_size(),
            consumer.register(context.memory_pool()),
        );
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let joined = stream::try_unfold(
            (cursor, streamed, buffered),
            move |(mut cursor, mut streamed, mut buffered)| {
                let metrics = metrics.clone();
                async move {
                    loop {
                        let timer = metrics.elapsed_compute().timer();
                        let step = cursor.step()?;
                        timer.done();
                        match step {
                            Step::Streamed => match streamed.next().await.transpose()? {
                                Some(batch) => cursor.push_streamed(batch)?,
                                None => return Ok(None),
                            },
                            Step::Buffered => {
                                cursor.push_buffered(buffered.next().await.transpose()?)?;
                            }
                            Step::Joined(batch) => {
                                metrics.record_output(batch.num_rows());
                                return Ok(Some((batch, (cursor, streamed, buffered))));
                            }
                        }
                    }
                }
            },
        );
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            self.schema(),
            joined,
        )))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

#[cfg(test)]
mod tests;
