//! The rules that a table's rows must keep: checks whose queries plan, and the
//! rules of a contract on single columns.

use datafusion::logical_expr::{Expr, in_list, lit};
use datafusion::prelude::ident;
use hubcensus_spec::{ColumnRule, Contract, Severity};

use crate::query::frame;
use crate::query::sql::ReadOnly;

/// A check whose query plans.
#[derive(Debug)]
pub(crate) struct ResolvedCheck {
    pub(crate) name: String,
    pub(crate) severity: Severity,
    pub(crate) query: ReadOnly,
    /// It asks of each row of its own table alone.
    pub(crate) of_each_row: bool,
}

/// The rules of a contract on single columns: their names, and the condition
/// under which a row breaks each.
pub(crate) fn column_rules(
    contract: &Contract,
) -> impl Iterator<Item = (String, Severity, Expr)> + '_ {
    let columns = contract.columns.iter();
    let checks = columns.flat_map(|column| column.checks.iter().map(move |c| (column, c)));
    checks.filter_map(|(column, check)| {
        let (rule, broken) = broken(column.name.as_str(), &check.rule)?;
        let name = format!("{} {rule}", column.name.as_str());
        Some((name, check.severity, broken))
    })
}

/// A rule on one column in words, and the condition under which a row breaks
/// it. References to other tables are not rules on one column.
fn broken(name: &str, rule: &ColumnRule) -> Option<(String, Expr)> {
    let column = || ident(name);
    Some(match rule {
        ColumnRule::Min(bound) => (format!("≥ {bound}"), column().lt(frame::number(*bound))),
        ColumnRule::Max(bound) => (format!("≤ {bound}"), column().gt(frame::number(*bound))),
        ColumnRule::Values(values) => (
            format!("is one of {}", values.join(", ")),
            in_list(
                column(),
                values.iter().map(|value| lit(value.as_str())).collect(),
                true,
            ),
        ),
        ColumnRule::Matches(pattern) => (
            format!("matches {pattern}"),
            Expr::Not(Box::new(
                datafusion::functions::regex::expr_fn::regexp_like(
                    column(),
                    lit(pattern.as_str()),
                    None,
                ),
            )),
        ),
        ColumnRule::References { .. } => return None,
    })
}
