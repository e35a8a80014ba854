//! Which side of a join is the build side.
//!
//! DataFusion builds the left side and chooses it by estimates, which it has of
//! few plans: it builds millions of rows beside a table of seventy, and sorts
//! what a probe side would have kept in order. A cross join emits one batch for
//! each row of the build side, so that many rows there become as many tiny
//! batches. Here a rough estimate is enough: the row counts of files and
//! reference tables are known, and what is derived from them has about as many.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::joins::{CrossJoinExec, HashJoinExec, NestedLoopJoinExec};
use datafusion::physical_plan::statistics::{StatisticsArgs, StatisticsContext};
use datafusion::physical_plan::unnest::UnnestExec;

/// The entries of a list, as nothing is known of them.
const LIST_ENTRIES: usize = 8;

/// How many times as many rows the build side must have for the sides to be
/// swapped: what was chosen on purpose stays.
const SWAP_FACTOR: usize = 2;

/// A join whose build side has far fewer rows than its probe side, in place of one
/// where it is the other way round.
pub(crate) fn in_place_of(plan: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    if let Some(join) = plan.downcast_ref::<CrossJoinExec>()
        && builds_many(plan)
    {
        return join.swap_inputs().map(Some);
    }
    if let Some(join) = plan.downcast_ref::<HashJoinExec>()
        && join.join_type().supports_swap()
        && !join.null_aware
        && builds_many(plan)
    {
        return join.swap_inputs(*join.partition_mode()).map(Some);
    }
    if let Some(join) = plan.downcast_ref::<NestedLoopJoinExec>()
        && join.join_type().supports_swap()
        && builds_many(plan)
    {
        return join.swap_inputs().map(Some);
    }
    Ok(None)
}

fn builds_many(join: &Arc<dyn ExecutionPlan>) -> bool {
    match join.children().as_slice() {
        [left, right] => {
            let sides = row_estimate(left).zip(row_estimate(right));
            sides.is_some_and(|(left, right)| left > right.saturating_mul(SWAP_FACTOR))
        }
        _ => false,
    }
}

/// About how many rows a plan gives, rather too many than too few; `None` where
/// nothing is known of an input.
fn row_estimate(plan: &Arc<dyn ExecutionPlan>) -> Option<usize> {
    let is_one_group = plan
        .downcast_ref::<AggregateExec>()
        .is_some_and(|aggregate| aggregate.group_expr().is_true_no_grouping());
    if is_one_group {
        return Some(1);
    }
    let inputs = plan.children().into_iter().map(row_estimate);
    let inputs = inputs.collect::<Option<Vec<usize>>>()?;
    match inputs.as_slice() {
        [] => {
            let known = StatisticsContext::new().compute(plan.as_ref(), &StatisticsArgs::new());
            known.ok()?.num_rows.get_value().copied()
        }
        [input] if plan.is::<UnnestExec>() => Some(input.saturating_mul(LIST_ENTRIES)),
        [input] => Some(plan.fetch().map_or(*input, |limit| limit.min(*input))),
        [left, right] if plan.is::<CrossJoinExec>() => Some(left.saturating_mul(*right)),
        // Most joins look something up.
        [left, right] if plan.is::<HashJoinExec>() || plan.is::<NestedLoopJoinExec>() => {
            Some(*left.max(right))
        }
        inputs => Some(inputs.iter().fold(0, |sum, rows| sum.saturating_add(*rows))),
    }
}

#[cfg(test)]
mod tests {
    use datafusion::physical_plan::displayable;
    use datafusion::prelude::{SessionConfig, SessionContext};

    use crate::rules;

    async fn plan(sql: &str) -> String {
        let state = datafusion::execution::SessionStateBuilder::new()
            .with_config(SessionConfig::new().with_target_partitions(1))
            .with_default_features()
            .with_physical_optimizer_rules(rules::physical_rules(&rules::Operators::Own))
            .build();
        let context = SessionContext::new_with_state(state);
        let many = "CREATE TABLE many AS SELECT value AS n, value % 7 AS part, [value, 1] AS list FROM range(1000)";
        context.sql(many).await.unwrap().collect().await.unwrap();
        let frame = context.sql(sql).await.unwrap();
        let plan = frame.create_physical_plan().await.unwrap();
        displayable(plan.as_ref()).indent(false).to_string()
    }

    /// The build side of the plan's topmost join.
    async fn build_side(sql: &str) -> String {
        let plan = plan(sql).await;
        let depth = |line: &str| line.len() - line.trim_start().len();
        let mut lines = plan.lines().skip_while(|line| !line.contains("Join"));
        let join = depth(lines.next().unwrap());
        let left = lines.next().unwrap();
        let below = lines.take_while(|line| depth(line) > join + 2);
        std::iter::once(left).chain(below).collect()
    }

    #[tokio::test]
    async fn values_are_built_beside_groups() {
        let sql = "SELECT g.part, p.name, g.n FROM (SELECT part, sum(n) AS n FROM many WHERE n > 3 GROUP BY part) g \
                   CROSS JOIN (VALUES ('a'), ('b')) AS p(name)";
        assert!(!build_side(sql).await.contains("AggregateExec"));
    }

    #[tokio::test]
    async fn one_row_of_sums_is_built_though_filtered() {
        let sql = "SELECT g.part, s.n FROM (SELECT part FROM many WHERE n > 3 GROUP BY part) g \
                   CROSS JOIN (SELECT max(n) AS n FROM many) s WHERE s.n IS NOT NULL";
        assert!(!build_side(sql).await.contains("gby=[part"));
    }

    #[tokio::test]
    async fn what_is_looked_up_is_built() {
        for kind in ["JOIN", "LEFT JOIN"] {
            let sql = format!(
                "SELECT u.n, p.name FROM (SELECT n, unnest(list) AS entry FROM many) u \
                 {kind} (VALUES (1, 'a'), (2, 'b')) AS p(entry, name) ON p.entry = u.entry"
            );
            assert!(!build_side(&sql).await.contains("UnnestExec"), "{kind}");
        }
    }

    #[tokio::test]
    async fn rows_of_the_probe_side_stay_in_order() {
        let sql = "SELECT m.n, p.name FROM (SELECT n, part FROM many ORDER BY n LIMIT 900) m \
                   LEFT JOIN (VALUES (1, 'a'), (2, 'b')) AS p(part, name) ON p.part = m.part ORDER BY m.n";
        let plan = plan(sql).await;
        assert_eq!(plan.matches("Sort").count(), 1, "{plan}");
    }
}
