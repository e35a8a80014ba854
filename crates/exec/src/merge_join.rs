//! Joining two inputs that stand in the order of what they are joined by.
//!
//! DataFusion holds one side of a join in a hash table even if both come from
//! files in one order. Here the two are walked side by side: no more is held
//! than the rows of one key, what comes out is in order, and rows that match
//! one to one are passed on without being copied.

mod cursor;

use std::fmt::{Formatter, Result as Written};
use std::sync::Arc;

use arrow::compute::SortOptions;
use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{JoinSide, JoinType, NullEquality, Result, internal_err, project_schema};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::equivalence::{ProjectionMapping, join_equivalence_properties};
use datafusion::physical_expr::{LexOrdering, PhysicalExpr, PhysicalSortExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::joins::utils::{ColumnIndex, JoinOn, build_join_schema};
use datafusion::physical_plan::joins::{HashJoinExec, PartitionMode};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties as _, Partitioning,
    PlanProperties,
};
use futures::stream::{self, StreamExt as _};

use crate::ahead::prefetch;
use crate::join_order::partitions;
use cursor::{Step, Walk};

/// A walk in place of a join, if both sides come in the order of its keys
/// and nothing is asked of it that a walk cannot do.
pub(crate) fn in_place_of(plan: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let Some(join) = plan.downcast_ref::<HashJoinExec>() else {
        return Ok(None);
    };
    let (left, right) = (join.left(), join.right());
    let kind = *join.join_type();
    let is_plain = matches!(kind, JoinType::Inner | JoinType::Left | JoinType::Right)
        && *join.partition_mode() == PartitionMode::CollectLeft
        && join.filter().is_none()
        && join.fetch().is_none()
        && !join.null_aware
        && join.null_equality() == NullEquality::NullEqualsNothing;
    if !is_plain {
        return Ok(None);
    }
    // Two nulls would be taken for equal.
    for (one, other) in join.on() {
        if one.nullable(&left.schema())? && other.nullable(&right.schema())? {
            return Ok(None);
        }
    }
    let (lefts, rights): (Vec<_>, Vec<_>) = join.on().iter().cloned().unzip();
    let (Some(left), Some(right)) = (in_order(left, &lefts)?, in_order(right, &rights)?) else {
        return Ok(None);
    };
    let projection = join.projection.as_ref().map(|chosen| chosen.to_vec());
    let merged = MergeJoinExec::new(left, right, join.on().to_vec(), kind, projection)?;
    Ok(Some(Arc::new(merged)))
}

/// The side in the order of its keys, as one stream, if that is how it comes or
/// its parts do.
fn in_order(
    side: &Arc<dyn ExecutionPlan>,
    keys: &[Arc<dyn PhysicalExpr>],
) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let parts = partitions(side);
    let options = SortOptions::new(false, false);
    let order = keys.iter();
    let order = order.map(|key| PhysicalSortExpr::new(Arc::clone(key), options));
    let Some(order) = LexOrdering::new(order) else {
        return Ok(None);
    };
    if !parts
        .equivalence_properties()
        .ordering_satisfy(order.clone())?
    {
        return Ok(None);
    }
    if parts.output_partitioning().partition_count() == 1 {
        return Ok(Some(Arc::clone(parts)));
    }
    // Of equal rows those of the first part come first, however the parts are dealt out.
    let merged =
        SortPreservingMergeExec::new(order, Arc::clone(parts)).with_round_robin_repartition(false);
    Ok(Some(Arc::new(merged)))
}

/// Joins two sides that are ordered by their keys, ascending, nulls last. The
/// rows come out in the order of one of them, the *leading* one: the left one
/// of a left join, else the right one.
#[derive(Debug)]
struct MergeJoinExec {
    left: Arc<dyn ExecutionPlan>,
    right: Arc<dyn ExecutionPlan>,
    on: JoinOn,
    kind: JoinType,
    projection: Option<Vec<usize>>,
    columns: Vec<ColumnIndex>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl MergeJoinExec {
    fn new(
        left: Arc<dyn ExecutionPlan>,
        right: Arc<dyn ExecutionPlan>,
        on: JoinOn,
        kind: JoinType,
        projection: Option<Vec<usize>>,
    ) -> Result<Self> {
        let (schema, mut columns) = build_join_schema(&left.schema(), &right.schema(), &kind);
        let schema: SchemaRef = Arc::new(schema);
        let leads_left = leading(kind) == JoinSide::Left;
        let mut known = join_equivalence_properties(
            left.equivalence_properties().clone(),
            right.equivalence_properties().clone(),
            &kind,
            Arc::clone(&schema),
            &[leads_left, !leads_left],
            None,
            &on,
        )?;
        if let Some(chosen) = &projection {
            let mapping = ProjectionMapping::from_indices(chosen, &schema)?;
            known = known.project(&mapping, project_schema(&schema, Some(chosen))?);
            columns = chosen.iter().map(|at| columns[*at].clone()).collect();
        }
        let properties = PlanProperties::new(
            known,
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Ok(Self {
            left,
            right,
            on,
            kind,
            projection,
            columns,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        })
    }
}

fn leading(kind: JoinType) -> JoinSide {
    match kind {
        JoinType::Left => JoinSide::Left,
        _ => JoinSide::Right,
    }
}

impl DisplayAs for MergeJoinExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut Formatter<'_>) -> Written {
        write!(f, "MergeJoinExec: join_type={:?}, on=[", self.kind)?;
        for (at, (left, right)) in self.on.iter().enumerate() {
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

    fn maintains_input_order(&self) -> Vec<bool> {
        let leads_left = leading(self.kind) == JoinSide::Left;
        vec![leads_left, !leads_left]
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        let mut recursion = TreeNodeRecursion::Continue;
        for (left, right) in &self.on {
            recursion = recursion.visit_sibling(|| f(left))?;
            recursion = recursion.visit_sibling(|| f(right))?;
        }
        Ok(recursion)
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let [left, right] = children.as_slice() else {
            return internal_err!("a join has two inputs");
        };
        Ok(Arc::new(Self::new(
            Arc::clone(left),
            Arc::clone(right),
            self.on.clone(),
            self.kind,
            self.projection.clone(),
        )?))
    }

    fn execute(
        &self,
        _partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let left = prefetch(&self.left, &context);
        let right = prefetch(&self.right, &context);
        let (lefts, rights) = self.on.iter().cloned().unzip();
        let ((leads, leading_keys), (other, other_keys)) = match leading(self.kind) {
            JoinSide::Left => ((left, lefts), (right, rights)),
            _ => ((right, rights), (left, lefts)),
        };
        let walk = Walk::new(
            self.schema(),
            self.columns.clone(),
            leading(self.kind),
            leading_keys,
            (other.schema(), other_keys),
            self.kind != JoinType::Inner,
            context.session_config().batch_size(),
        );
        let metrics = BaselineMetrics::new(&self.metrics, 0);
        let joined = stream::try_unfold(
            (walk, leads, other),
            move |(mut walk, mut leads, mut other)| {
                let metrics = metrics.clone();
                async move {
                    loop {
                        let timer = metrics.elapsed_compute().timer();
                        let step = walk.step()?;
                        timer.done();
                        match step {
                            Step::Leading => match leads.next().await.transpose()? {
                                Some(batch) => walk.lead(batch)?,
                                None => return Ok(None),
                            },
                            Step::Other => walk.take(other.next().await.transpose()?)?,
                            Step::Joined(batch) => {
                                metrics.record_output(batch.num_rows());
                                return Ok(Some((batch, (walk, leads, other))));
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
