//! The optimizer rules of a session: DataFusion's, with those of this crate
//! inserted.

use std::sync::Arc;

use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::ensure_requirements::EnsureRequirements;
use datafusion::physical_optimizer::filter_pushdown::FilterPushdown;
use datafusion::physical_optimizer::join_selection::JoinSelection;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::physical_optimizer::sanity_checker::SanityCheckPlan;

use crate::plain::Plain;
use crate::replace::{Replace, Replacement};
use crate::{build_side, join_order, merge_join, rank_sort, sorted_aggregate, streaming_window};

/// The names of the rules that a session can do without.
pub const RULES: [&str; 5] = [
    "build_side",
    "merge_join",
    "sorted_aggregate",
    "streaming_window",
    "rank_sort",
];

/// Whose operators carry out a plan. The rows are the same: all but the default is for tests, for
/// measurements, and to tell whose fault an error is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Operators {
    /// Those of this crate, where they fit, and DataFusion's.
    #[default]
    Own,
    /// DataFusion's alone.
    Plain,
    /// Those of this crate and DataFusion's, without the rules of these names (of [`RULES`]).
    Without(Vec<String>),
}

impl Operators {
    fn have(&self, rule: &str) -> bool {
        match self {
            Self::Without(names) => !names.iter().any(|name| name == rule),
            Self::Own | Self::Plain => true,
        }
    }
}

/// All physical rules, DataFusion's and those of this crate, in the order in which they are
/// applied.
///
/// Before DataFusion enforces order and distribution, a rule may change what an operator
/// provides. Afterwards sorts that were needless are gone, and how rows are grouped is chosen by
/// the order in which they come, so that an operator is replaced only by one that provides as much
/// (`Replace::checked`).
///
/// DataFusion's pushdown of filters through physical operators is left out: it looks for a
/// filter's columns below by their names, and takes the wrong one of two that share a name, so
/// that rows are lost (apache/datafusion#25259). What a scan can prune by reaches it through the
/// logical plan.
pub fn physical_rules(operators: &Operators) -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
    let mut rules: Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> = Vec::new();
    let by_name = [
        FilterPushdown::new(),
        FilterPushdown::new_post_optimization(),
    ];
    for rule in PhysicalOptimizer::new().rules {
        let name = rule.name().to_owned();
        if by_name.iter().any(|pushdown| pushdown.name() == name) {
            continue;
        }
        let enforces = name == EnsureRequirements::new().name();
        if enforces {
            rules.push(join_order::hidden());
        }
        // The plan that is checked at the end is the one that is run.
        if name == SanityCheckPlan::new().name() {
            let replacements: [(&'static str, Replacement); 4] = [
                ("merge_join", merge_join::in_place_of),
                ("sorted_aggregate", sorted_aggregate::in_place_of),
                ("streaming_window", streaming_window::in_place_of),
                ("rank_sort", rank_sort::in_place_of),
            ];
            for (name, in_place_of) in replacements {
                if operators.have(name) {
                    rules.push(Replace::checked(name, in_place_of));
                }
            }
            if *operators == Operators::Plain {
                rules.push(Arc::new(Plain));
            }
        }
        rules.push(rule);
        if enforces {
            rules.push(join_order::shown());
        }
        if name == JoinSelection::new().name() && operators.have("build_side") {
            rules.push(Replace::freely("build_side", build_side::in_place_of));
        }
    }
    rules
}

#[cfg(test)]
mod tests {
    use arrow::util::pretty::pretty_format_batches;

    use crate::testing;

    #[tokio::test]
    async fn a_filter_of_two_columns_of_one_name_loses_no_row() {
        let context = testing::session(true, 8192, &[]);
        let query = "
            SELECT t.k, g.n AS found, t.n AS expected
            FROM (SELECT column1 AS k, column2 AS n FROM (VALUES ('a', 1), ('b', 2))) g
            RIGHT JOIN (SELECT 'a' AS k, count(*) AS n FROM (VALUES (1), (2))
                        UNION ALL SELECT 'b', count(*) FROM (VALUES (1), (2))) t ON t.k = g.k
            WHERE g.n IS DISTINCT FROM t.n";
        let rows = context.sql(query).await.unwrap().collect().await.unwrap();
        let shown = pretty_format_batches(&rows).unwrap().to_string();
        assert_eq!(
            shown.lines().collect::<Vec<_>>(),
            [
                "+---+-------+----------+",
                "| k | found | expected |",
                "+---+-------+----------+",
                "| a | 1     | 2        |",
                "+---+-------+----------+",
            ]
        );
    }
}
