//! Sums of fractions depend on the order in which they are added; queries that
//! have any run on one partition, in the files' order. So do those with an
//! aggregate that takes all rows at once.

use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::common::tree_node::{TreeNode as _, TreeNodeRecursion};
use datafusion::logical_expr::{Expr, ExprSchemable as _, LogicalPlan};

use crate::classifier;

/// Aggregates that add only what they are given: whole numbers add up to the
/// same in any order.
const PLAIN: [&str; 3] = ["sum", "avg", "mean"];

/// Aggregates that add fractions whatever they are given.
const FRACTIONAL: [&str; 5] = ["stddev", "var", "corr", "covar", "regr_"];

/// Whether a plan adds up fractions somewhere, or takes all rows at once.
pub(crate) fn need_one_partition(plan: &LogicalPlan) -> Result<bool> {
    let mut found = false;
    plan.apply_with_subqueries(|node| {
        for expression in node.expressions() {
            expression.apply(|part| {
                if let Expr::AggregateFunction(call) = part
                    && adds_fractions(call.func.name(), &call.params.args, node)
                {
                    found = true;
                    return Ok(TreeNodeRecursion::Stop);
                }
                Ok(TreeNodeRecursion::Continue)
            })?;
        }
        Ok(if found {
            TreeNodeRecursion::Stop
        } else {
            TreeNodeRecursion::Continue
        })
    })?;
    Ok(found)
}

fn adds_fractions(name: &str, arguments: &[Expr], node: &LogicalPlan) -> bool {
    if PLAIN.contains(&name) {
        let Some(argument) = arguments.first() else {
            return false;
        };
        // A whole number that was cast is whole still.
        let argument = match argument {
            Expr::Cast(cast) => cast.expr.as_ref(),
            other => other,
        };
        return node.inputs().iter().any(|input| {
            argument.get_type(input.schema()).is_ok_and(|found| {
                matches!(
                    found,
                    DataType::Float16 | DataType::Float32 | DataType::Float64
                )
            })
        });
    }
    name == classifier::NAME || FRACTIONAL.iter().any(|start| name.starts_with(start))
}
