//! Rules that a row keeps or breaks by itself, looked at while the rows are on
//! their way into the file: it need not be read again for them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, RecordBatch};
use arrow::compute::partition;
use datafusion::common::tree_node::{Transformed, TransformedResult as _, TreeNode as _};
use datafusion::common::{self, DFSchema, DataFusionError, Result};
use datafusion::datasource::empty::EmptyTable;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::utils::collect_columns;
use hubcensus_spec::{Contract, TableName};

use crate::audit::rule::{ResolvedCheck, column_rules};
use crate::query::schema;
use crate::query::session::{Session, Tables};

/// Rows of a column that are compared before all of them are.
const ROWS_TRIED: usize = 8;

/// What of a table's rules is known without reading it.
#[derive(Debug, Default)]
pub(crate) struct InlineFindings {
    /// No two rows have one key. If not, that is to be looked into.
    pub(crate) keys_differ: bool,
    /// Rules on columns, and checks, that every row keeps.
    pub(crate) passed: BTreeSet<String>,
}

/// The rules of a table that no row has broken so far.
#[derive(Debug)]
pub(crate) struct InlineChecks {
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    name: String,
    /// The condition under which a row breaks it.
    broken: Arc<dyn PhysicalExpr>,
    /// The places of the columns that it asks of.
    columns: Vec<usize>,
}

impl Rule {
    fn new(name: String, broken: Arc<dyn PhysicalExpr>) -> Self {
        let columns = collect_columns(&broken);
        Self {
            name,
            columns: columns.iter().map(Column::index).collect(),
            broken,
        }
    }

    fn is_kept_in(&self, batch: &RecordBatch) -> Result<bool> {
        let broken = self.broken.evaluate(batch)?;
        let broken = broken.into_array(batch.num_rows())?;
        Ok(broken.as_boolean_opt().is_some_and(|b| b.true_count() == 0))
    }
}

impl InlineChecks {
    /// Those rules on columns, and those checks, that ask of each row alone.
    pub(crate) async fn of(
        session: &Session,
        table: &TableName,
        contract: &Contract,
        checks: &[ResolvedCheck],
        parameters: &BTreeMap<String, String>,
    ) -> Result<Self> {
        let columns = DFSchema::try_from(schema::of_file(contract))?;
        let state = session.seeing(&Tables::default())?;
        let mut rules = Vec::new();
        for (name, _, broken) in column_rules(contract) {
            rules.push(Rule::new(
                name,
                state.create_physical_expr(broken, &columns)?,
            ));
        }
        let mut own = Tables::default();
        let empty = EmptyTable::new(schema::of_contract(contract));
        own.insert(table.clone(), Arc::new(empty));
        for check in checks.iter().filter(|check| check.of_each_row) {
            let statement = check.query.bind(parameters)?;
            let (_, plan) = session.plan(statement, &own).await?;
            // What cannot be told here is left to the audit, which says why.
            if let Some(broken) = condition(&plan)
                && let Ok(broken) = of_columns(&state, broken.clone(), &columns)
            {
                rules.push(Rule::new(check.name.clone(), broken));
            }
        }
        Ok(Self { rules })
    }

    /// Takes a look at rows of the file. A condition that cannot be told of
    /// them counts as broken: whoever looks into it finds out why.
    pub(crate) fn observe(&mut self, batch: &RecordBatch) {
        // What a table is sorted by mostly has one value in a batch.
        let mut same = vec![None; batch.num_columns()];
        let first = batch.slice(0, batch.num_rows().min(1));
        self.rules.retain(|rule| {
            let alike = rule
                .columns
                .iter()
                .all(|at| *same[*at].get_or_insert_with(|| is_the_same(batch.column(*at))));
            let asked = if alike { &first } else { batch };
            rule.is_kept_in(asked).unwrap_or_default()
        });
    }

    /// The names of the rules that all rows keep.
    pub(crate) fn passed(self) -> BTreeSet<String> {
        self.rules.into_iter().map(|rule| rule.name).collect()
    }
}

/// Whether a column has one value in all rows.
fn is_the_same(values: &ArrayRef) -> bool {
    let Some(last) = values.len().checked_sub(1) else {
        return true;
    };
    match values.logical_null_count() {
        0 => {}
        nulls => return nulls == values.len(),
    }
    // Most columns are told by a few of their rows.
    let first = values.slice(0, 1);
    let step = values.len().div_ceil(ROWS_TRIED);
    let tried = (0..last).step_by(step).chain([last]);
    let alike = tried
        .skip(1)
        .all(|row| values.slice(row, 1).as_ref() == first.as_ref());
    alike && partition(&[Arc::clone(values)]).is_ok_and(|runs| runs.len() == 1)
}

/// The condition under which a row of a table comes through a query, if that
/// does nothing but look at each row.
pub(crate) fn condition(plan: &LogicalPlan) -> Option<&Expr> {
    let mut plan = plan;
    while let LogicalPlan::Projection(projection) = plan {
        plan = &projection.input;
    }
    let LogicalPlan::Filter(filter) = plan else {
        return None;
    };
    let mut below = &*filter.input;
    while let LogicalPlan::SubqueryAlias(alias) = below {
        below = &alias.input;
    }
    let of_table = matches!(below, LogicalPlan::TableScan(scan) if scan.fetch.is_none());
    let asks_more = filter.predicate.exists(|part| {
        Ok(part.is_volatile_node()
            || matches!(
                part,
                Expr::Exists(_)
                    | Expr::InSubquery(_)
                    | Expr::ScalarSubquery(_)
                    | Expr::SetComparison(_)
                    | Expr::OuterReferenceColumn(..)
            ))
    });
    (of_table && asks_more.is_ok_and(|more| !more)).then_some(&filter.predicate)
}

fn of_columns(
    state: &SessionState,
    condition: Expr,
    columns: &DFSchema,
) -> Result<Arc<dyn PhysicalExpr>, DataFusionError> {
    let condition = condition.transform(|part| {
        Ok(match part {
            Expr::Column(column) => {
                Transformed::yes(Expr::Column(common::Column::from_name(column.name)))
            }
            other => Transformed::no(other),
        })
    });
    state.create_physical_expr(condition.data()?, columns)
}

#[cfg(test)]
mod tests;
