//! Plans by DataFusion's operators alone.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult as _, TreeNode as _};
use datafusion::physical_expr::{Distribution, OrderingRequirements};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::ensure_requirements::EnsureRequirements;
use datafusion::physical_optimizer::output_requirements::{
    OutputRequirementExec, OutputRequirements,
};
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties as _};

use crate::join_order::{self, UnorderedExec};
use crate::merge_join::MergeJoinExec;
use crate::rank_sort::RankSortExec;
use crate::sorted_aggregate::SortedAggregateExec;
use crate::stands_for::StandsFor;
use crate::streaming_window::StreamingWindowExec;

/// The same plan by DataFusion's operators alone. It gives the same rows, in the order that the
/// plan has them in.
///
/// # Errors
///
/// A plan over which DataFusion cannot build one of its operators.
pub fn plain(
    plan: Arc<dyn ExecutionPlan>,
    config: &ConfigOptions,
) -> Result<Arc<dyn ExecutionPlan>> {
    let order = plan.output_ordering().cloned();
    let distribution = match plan.output_partitioning().partition_count() {
        1 => Distribution::SinglePartition,
        _ => Distribution::UnspecifiedDistribution,
    };
    let originals = plan.transform_up(|plan| {
        Ok(match original(&plan) {
            Some(original) => Transformed::yes(original?),
            None => Transformed::no(plan),
        })
    });
    // An original may provide less than what was relied upon.
    let mut plan: Arc<dyn ExecutionPlan> = Arc::new(OutputRequirementExec::new(
        originals.data()?,
        order.map(OrderingRequirements::from),
        distribution,
        None,
    ));
    let enforced: [Arc<dyn PhysicalOptimizerRule + Send + Sync>; 4] = [
        join_order::hidden(),
        Arc::new(EnsureRequirements::new()),
        join_order::shown(),
        Arc::new(OutputRequirements::new_remove_mode()),
    ];
    for rule in enforced {
        plan = rule.optimize(plan, config)?;
    }
    let shown = plan.transform_up(|plan| {
        let hidden = plan.downcast_ref::<UnorderedExec>();
        let hidden = hidden.map(StandsFor::original).transpose()?;
        Ok(hidden.map_or_else(|| Transformed::no(plan), Transformed::yes))
    });
    shown.data()
}

fn original(plan: &Arc<dyn ExecutionPlan>) -> Option<Result<Arc<dyn ExecutionPlan>>> {
    fn of<T: StandsFor + ExecutionPlan>(
        plan: &Arc<dyn ExecutionPlan>,
    ) -> Option<Result<Arc<dyn ExecutionPlan>>> {
        plan.downcast_ref::<T>().map(StandsFor::original)
    }
    of::<MergeJoinExec>(plan)
        .or_else(|| of::<SortedAggregateExec>(plan))
        .or_else(|| of::<StreamingWindowExec>(plan))
        .or_else(|| of::<RankSortExec>(plan))
        .or_else(|| of::<UnorderedExec>(plan))
}

/// The last rule of a session by DataFusion's operators alone.
#[derive(Debug)]
pub(crate) struct Plain;

impl PhysicalOptimizerRule for Plain {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        plain(plan, config)
    }

    fn name(&self) -> &'static str {
        "plain"
    }

    fn schema_check(&self) -> bool {
        true
    }
}
