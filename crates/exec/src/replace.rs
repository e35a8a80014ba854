//! Replacing operators of a plan by others.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult as _, TreeNode as _};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties as _};

/// The replacement of an operator, if it has one.
pub(crate) type Replacement = fn(&Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>>;

/// An operator over other children, with its properties computed anew, or its
/// replacement over them.
pub(crate) fn over(
    plan: &Arc<dyn ExecutionPlan>,
    children: Vec<Arc<dyn ExecutionPlan>>,
    replacement: Replacement,
) -> Result<Arc<dyn ExecutionPlan>> {
    let recompute = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
    let plan = Arc::clone(plan).replace_children(children, recompute)?;
    Ok(replacement(&plan)?.unwrap_or(plan))
}

/// A rule that replaces operators, from the leaves up.
#[derive(Debug)]
pub(crate) struct Replace {
    name: &'static str,
    replacement: Replacement,
    checked: bool,
}

impl Replace {
    /// A rule that comes before DataFusion enforces order and distribution, so
    /// that nothing relies on what the replaced operators provide.
    pub(crate) fn freely(
        name: &'static str,
        replacement: Replacement,
    ) -> Arc<dyn PhysicalOptimizerRule + Send + Sync> {
        Arc::new(Self {
            name,
            replacement,
            checked: false,
        })
    }

    /// A rule that comes afterwards: an operator is replaced only by one that
    /// provides all that it provides itself.
    pub(crate) fn checked(
        name: &'static str,
        replacement: Replacement,
    ) -> Arc<dyn PhysicalOptimizerRule + Send + Sync> {
        Arc::new(Self {
            name,
            replacement,
            checked: true,
        })
    }
}

impl PhysicalOptimizerRule for Replace {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|plan| {
            Ok(match (self.replacement)(&plan)? {
                Some(other) if !self.checked || provides_all_of(&other, &plan)? => {
                    Transformed::yes(other)
                }
                _ => Transformed::no(plan),
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

/// Whether an operator provides the partitioning, the orders, the equal and the
/// constant values that another one does: whatever is above the other may rely
/// on any of them, declared as a requirement or not.
fn provides_all_of(
    replacement: &Arc<dyn ExecutionPlan>,
    original: &Arc<dyn ExecutionPlan>,
) -> Result<bool> {
    if Arc::ptr_eq(replacement.properties(), original.properties()) {
        return Ok(true);
    }
    let partitioning = replacement.output_partitioning();
    if partitioning.partition_count() != 1 && partitioning != original.output_partitioning() {
        return Ok(false);
    }
    let known = replacement.equivalence_properties();
    let required = original.equivalence_properties();
    for order in required.oeq_class().iter() {
        if !known.ordering_satisfy(order.clone())? {
            return Ok(false);
        }
    }
    let constants = required.constants();
    if !constants
        .iter()
        .all(|constant| known.is_expr_constant(&constant.expr).is_some())
    {
        return Ok(false);
    }
    let mut classes = required.eq_group().iter();
    Ok(classes.all(|class| {
        let mut members = class.iter();
        members
            .next()
            .is_none_or(|first| members.all(|other| known.eq_group().exprs_equal(first, other)))
    }))
}

#[cfg(test)]
mod tests;
