//! How a plan is carried out: DataFusion's rules, and the engine's among them.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult as _, TreeNode as _};
use datafusion::optimizer::OptimizerRule;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::join_selection::JoinSelection;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::physical_optimizer::sanity_checker::SanityCheckPlan;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};

use crate::empty_text::ByLength;
use crate::{lookup_join, merge_join, rank_sort, run_aggregate, run_window, several, sides};

/// The rules of this crate over logical plans, to come after DataFusion's.
pub fn logical_rules() -> Vec<Arc<dyn OptimizerRule + Send + Sync>> {
    vec![Arc::new(ByLength)]
}

/// All physical rules, DataFusion's and those of this crate, in the order in which they are
/// applied.
pub fn physical_rules() -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
    let mut rules: Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> = Vec::new();
    for rule in PhysicalOptimizer::new().rules {
        let name = rule.name().to_owned();
        // The plan that is looked over at the end is the one that is run.
        if name == SanityCheckPlan::new().name() {
            rules.push(InPlace::of("merge_by_order", merge_join::in_place_of));
            rules.push(InPlace::of("look_up_the_few", lookup_join::in_place_of));
            rules.push(InPlace::of("group_several", several::in_place_of));
            rules.push(InPlace::of("aggregate_runs", run_aggregate::in_place_of));
            rules.push(InPlace::of("window_runs", run_window::in_place_of));
            rules.push(InPlace::of("sort_by_ranks", rank_sort::in_place_of));
        }
        rules.push(rule);
        // Sides are chosen before anything relies on them.
        if name == JoinSelection::new().name() {
            rules.push(InPlace::of("hold_the_few", sides::in_place_of));
        }
    }
    rules
}

/// What is to be in the place of an operator, if another is.
type Replacement = fn(&Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>>;

/// An operator over other children, with properties that are found out anew, or
/// what is to be in its place there.
pub(crate) fn over(
    plan: &Arc<dyn ExecutionPlan>,
    children: Vec<Arc<dyn ExecutionPlan>>,
    in_place_of: Replacement,
) -> Result<Arc<dyn ExecutionPlan>> {
    let anew = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
    let plan = Arc::clone(plan).replace_children(children, anew)?;
    Ok(in_place_of(&plan)?.unwrap_or(plan))
}

/// Puts operators in the place of others, from the leaves up.
#[derive(Debug)]
struct InPlace {
    name: &'static str,
    of: Replacement,
}

impl InPlace {
    fn of(name: &'static str, of: Replacement) -> Arc<dyn PhysicalOptimizerRule + Send + Sync> {
        Arc::new(Self { name, of })
    }
}

impl PhysicalOptimizerRule for InPlace {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|plan| {
            Ok(match (self.of)(&plan)? {
                Some(other) => Transformed::yes(other),
                None => Transformed::no(plan),
            })
        })
        .data()
    }

    fn name(&self) -> &str {
        self.name
    }

    fn schema_check(&self) -> bool {
        true
    }
}

#[cfg(test)]
pub(crate) mod sample;
