//! The order of a hash join's rows.
//!
//! DataFusion 55.2 declares that the rows of an inner or right hash join are in
//! the order of the probe side and, where that has ties, in the order of the
//! build side. The second half holds only if the probe side has no ties: the
//! matches of one of its rows follow those of another, each in the order of the
//! build side. Sorts that are needed are removed as redundant
//! (<https://github.com/apache/datafusion/issues/25052>).
//!
//! While order and distribution are enforced, the build sides of such joins are
//! therefore below an operator without an order, and afterwards, where they
//! have one, below `CoalescePartitionsExec`, which declares none either. It
//! passes a single partition on as it is.

use std::fmt::{Formatter, Result as Written};
use std::sync::Arc;

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{JoinType, Result, Statistics, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::joins::HashJoinExec;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::statistics::{ChildStats, StatisticsArgs};
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties as _, Partitioning,
    PlanProperties,
};

use crate::replace::{Replace, over};
use crate::stands_for::StandsFor;

/// The rule to be applied before order and distribution are enforced.
pub(crate) fn hidden() -> Arc<dyn PhysicalOptimizerRule + Send + Sync> {
    Replace::freely("hide_build_order", without_build_order)
}

/// The rule to be applied afterwards.
pub(crate) fn shown() -> Arc<dyn PhysicalOptimizerRule + Send + Sync> {
    Replace::checked("coalesce_build_sides", coalesced)
}

/// A join whose build side has no order, in place of one whose build side may
/// get one.
fn without_build_order(plan: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let Some(join) = plan.downcast_ref::<HashJoinExec>() else {
        return Ok(None);
    };
    let is_said_to_keep_it = matches!(join.join_type(), JoinType::Inner | JoinType::Right);
    if !is_said_to_keep_it || join.left().is::<UnorderedExec>() {
        return Ok(None);
    }
    let build: Arc<dyn ExecutionPlan> = Arc::new(UnorderedExec::new(Arc::clone(join.left())));
    over(plan, vec![build, Arc::clone(join.right())], |_| Ok(None)).map(Some)
}

/// DataFusion's operator without an order in place of [`UnorderedExec`], or its
/// input where nothing can rely on the order. Of several partitions that are
/// not coalesced it stays.
fn coalesced(plan: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    if let Some(hidden) = plan.downcast_ref::<UnorderedExec>() {
        let input = &hidden.input;
        let is_one = input.output_partitioning().partition_count() == 1;
        let is_ordered = input.output_ordering().is_some();
        return Ok((is_one || !is_ordered).then(|| unordered(input)));
    }
    let coalesce = plan.downcast_ref::<CoalescePartitionsExec>();
    let hidden = coalesce.and_then(|coalesce| coalesce.input().downcast_ref::<UnorderedExec>());
    let hidden = hidden.map(|hidden| over(plan, vec![Arc::clone(&hidden.input)], |_| Ok(None)));
    hidden.transpose()
}

/// A single partition of a build side, without its order.
pub(crate) fn unordered(build: &Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
    if build.output_ordering().is_some() {
        Arc::new(CoalescePartitionsExec::new(Arc::clone(build)))
    } else {
        Arc::clone(build)
    }
}

/// The partitions of a join's input, with the orders that they have.
pub(crate) fn partitions(side: &Arc<dyn ExecutionPlan>) -> &Arc<dyn ExecutionPlan> {
    match side.downcast_ref::<CoalescePartitionsExec>() {
        Some(coalesce) if coalesce.fetch().is_none() => coalesce.input(),
        _ => side,
    }
}

/// Gives its input's rows and has no order, in whatever order they come.
#[derive(Debug)]
pub(crate) struct UnorderedExec {
    input: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
}

impl UnorderedExec {
    fn new(input: Arc<dyn ExecutionPlan>) -> Self {
        let mut known = input.equivalence_properties().clone();
        known.clear_orderings();
        let properties = PlanProperties::clone(input.properties()).with_eq_properties(known);
        Self {
            input,
            properties: Arc::new(properties),
        }
    }
}

impl StandsFor for UnorderedExec {
    fn original(&self) -> Result<Arc<dyn ExecutionPlan>> {
        let partitioning = self.input.output_partitioning();
        match partitioning {
            Partitioning::Hash(..) if partitioning.partition_count() > 1 => {
                let input = Arc::clone(&self.input);
                Ok(Arc::new(RepartitionExec::try_new(
                    input,
                    partitioning.clone(),
                )?))
            }
            _ if partitioning.partition_count() > 1 => Ok(Arc::clone(&self.input)),
            _ => Ok(unordered(&self.input)),
        }
    }
}

impl DisplayAs for UnorderedExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut Formatter<'_>) -> Written {
        f.write_str("UnorderedExec")
    }
}

impl ExecutionPlan for UnorderedExec {
    fn name(&self) -> &'static str {
        "UnorderedExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match children.pop() {
            Some(input) if children.is_empty() => Ok(Arc::new(Self::new(input))),
            _ => internal_err!("rows without an order have one input"),
        }
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        self.input.execute(partition, context)
    }

    fn child_stats_requests(&self, partition: Option<usize>) -> Vec<ChildStats> {
        vec![ChildStats::At(partition)]
    }

    fn statistics_from_inputs(
        &self,
        input: &[Arc<Statistics>],
        _args: &StatisticsArgs,
    ) -> Result<Arc<Statistics>> {
        match input {
            [one] => Ok(Arc::clone(one)),
            _ => internal_err!("rows without an order have one input"),
        }
    }
}

#[cfg(test)]
mod tests;
