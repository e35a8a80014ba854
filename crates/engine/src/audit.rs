//! A staged partition against its contract and its checks, as it was written.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::kernels::cmp::not_distinct;
use arrow::compute::{and, concat_batches};
use datafusion::catalog::TableProvider;
use datafusion::common::DataFusionError;
use datafusion::common::runtime::SpawnedTask;
use datafusion::dataframe::DataFrame;
use datafusion::functions_aggregate::expr_fn::{count, sum};
use datafusion::logical_expr::{Expr, JoinType, in_list, lit, when};
use datafusion::prelude::{SessionContext, ident};
use futures::future::BoxFuture;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use hubcensus_spec::{ColumnRule, Contract, Severity, TableName};

use crate::make;
use crate::order::Keys;
use crate::outcome::{StepError, Violation, json_rows};
use crate::resolve::MadeCheck;
use crate::session::{Session, Tables};

/// How many of the rows that break a rule are kept.
const KEPT: usize = 20;

/// Where an audit finds the tables that checks read beside the audited one.
pub(crate) trait TableSource: Send + Sync {
    /// The table of that name, as it stands beside the audited partition.
    fn table(&self, name: &TableName) -> Result<Option<Arc<dyn TableProvider>>, DataFusionError>;
}

/// What an audit looks at.
pub(crate) struct Audit<'a> {
    pub(crate) session: &'a Session,
    pub(crate) source: &'a dyn TableSource,
    pub(crate) table: &'a TableName,
    pub(crate) contract: &'a Contract,
    pub(crate) checks: &'a [MadeCheck],
    /// The parameters of the checks' queries, as SQL.
    pub(crate) parameters: BTreeMap<String, String>,
    /// The keys were seen to differ while the rows were written.
    pub(crate) keys_differ: bool,
}

/// What an audit found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) checks: usize,
    pub(crate) violations: Vec<Violation>,
}

/// One of the things that are looked at, each by itself.
struct Look {
    what: String,
    /// How many rules it covers.
    rules: usize,
    violations: BoxFuture<'static, Result<Vec<Violation>, StepError>>,
}

impl Audit<'_> {
    /// Runs every check on the table as it was written, several at a time.
    pub(crate) async fn run(&self, own: Arc<dyn TableProvider>) -> Result<Findings, StepError> {
        let mut findings = Findings::default();
        let mut looks = Vec::new();
        if self.keys_differ {
            findings.checks += 1;
        } else {
            looks.push(self.key(&own)?);
        }
        looks.extend(self.references(&own)?);
        looks.extend(self.columns(&own)?);
        for check in self.checks {
            let look = self.check(check, &own).await;
            looks.push(look.map_err(|e| in_check(&check.name, &e))?);
        }
        let table = self.table;
        let mut done = stream::iter(looks)
            .map(|look| async move {
                let violations = SpawnedTask::spawn(look.violations).join().await;
                let violations =
                    violations.map_err(|e| DataFusionError::External(Box::new(e)))??;
                tracing::debug!("{table}: {} looked at", look.what);
                Ok::<_, StepError>((look.rules, violations))
            })
            .buffered(self.session.cores());
        while let Some((rules, violations)) = done.try_next().await? {
            findings.checks += rules;
            findings.violations.extend(violations);
        }
        Ok(findings)
    }

    async fn check(
        &self,
        check: &MadeCheck,
        own: &Arc<dyn TableProvider>,
    ) -> Result<Look, DataFusionError> {
        let mut tables = Tables::default();
        for (name, _) in check.query.tables() {
            if name == self.table {
                tables.insert(name.clone(), Arc::clone(own));
            } else if let Some(table) = self.source.table(name)? {
                tables.insert(name.clone(), table);
            }
        }
        let statement = check.query.bind(&self.parameters)?;
        let (state, plan) = self.session.plan(statement, &tables).await?;
        let frame = DataFrame::new(state, plan);
        let (name, severity) = (check.name.clone(), check.severity);
        Ok(Look {
            what: name.clone(),
            rules: 1,
            violations: Box::pin(async move {
                let counted = make::count_and_sample(frame, KEPT).await;
                let (rows, sample) = counted.map_err(|e| in_check(&name, &e))?;
                Ok(violation(name, severity, rows, &sample))
            }),
        })
    }

    fn frame(&self, own: &Arc<dyn TableProvider>) -> Result<DataFrame, DataFusionError> {
        let state = self.session.seeing(&Tables::default())?;
        SessionContext::new_with_state(state).read_table(Arc::clone(own))
    }

    /// The key is there once. The file is in its order, so where the key leads
    /// the order, equal keys are neighbours.
    fn key(&self, own: &Arc<dyn TableProvider>) -> Result<Look, DataFusionError> {
        let key: BTreeSet<&str> = self.contract.key.iter().map(|c| c.as_str()).collect();
        let leads = self.contract.sort.iter().take(key.len());
        let leads: BTreeSet<&str> = leads.map(|c| c.as_str()).collect();
        let names: Vec<&str> = key.iter().copied().collect();
        let rule = format!("the key ({}) is unique", names.join(", "));
        let frame = self.frame(own)?;
        // As the order has them, so that nothing is sorted.
        let sort = self.contract.sort.iter().take(key.len());
        let sort: Vec<Expr> = sort.map(|column| ident(column.as_str())).collect();
        let is_order = key == leads;
        let columns: Vec<Expr> = key.iter().map(|name| ident(*name)).collect();
        Ok(Look {
            what: "its key".to_owned(),
            rules: 1,
            violations: Box::pin(async move {
                let (rows, sample) = if is_order {
                    neighbours(frame, sort).await?
                } else if all_differ(frame.clone().select(columns.clone())?).await? {
                    return Ok(Vec::new());
                } else {
                    let repeated = frame
                        .aggregate(columns, vec![count(lit(1)).alias("rows")])?
                        .filter(ident("rows").gt(lit(1)))?;
                    make::count_and_sample(repeated, KEPT).await?
                };
                Ok(violation(rule, Severity::Error, rows, &sample))
            }),
        })
    }

    /// The rules on single columns, all counted in one pass.
    fn columns(&self, own: &Arc<dyn TableProvider>) -> Result<Option<Look>, DataFusionError> {
        let columns = self.contract.columns.iter();
        let checks = columns.flat_map(|column| column.checks.iter().map(move |c| (column, c)));
        let rules: Vec<(String, Severity, Expr)> = checks
            .filter_map(|(column, check)| {
                let (rule, broken) = broken(column.name.as_str(), &check.rule)?;
                let name = format!("{} {rule}", column.name.as_str());
                Some((name, check.severity, broken))
            })
            .collect();
        if rules.is_empty() {
            return Ok(None);
        }
        let frame = self.frame(own)?;
        Ok(Some(Look {
            what: "its columns".to_owned(),
            rules: rules.len(),
            violations: Box::pin(broken_rules(frame, rules)),
        }))
    }

    /// Every value of a column stands in a column of another table.
    fn references(&self, own: &Arc<dyn TableProvider>) -> Result<Vec<Look>, DataFusionError> {
        let mut looks = Vec::new();
        for column in &self.contract.columns {
            let name = column.name.as_str();
            for check in &column.checks {
                let ColumnRule::References {
                    table,
                    column: other,
                } = &check.rule
                else {
                    continue;
                };
                let provider = if table == self.table {
                    Some(Arc::clone(own))
                } else {
                    self.source.table(table)?
                };
                let Some(provider) = provider else {
                    continue;
                };
                let known = self
                    .frame(&provider)?
                    .select(vec![ident(other).alias("known")])?
                    .distinct()?;
                let values = self
                    .frame(own)?
                    .filter(ident(name).is_not_null())?
                    .aggregate(vec![ident(name)], vec![count(lit(1)).alias("rows")])?;
                let unknown = values.join(known, JoinType::LeftAnti, &[name], &["known"], None)?;
                let (rule, severity) = (format!("{name} is in {table}.{other}"), check.severity);
                looks.push(Look {
                    what: rule.clone(),
                    rules: 1,
                    violations: Box::pin(async move {
                        let (rows, sample) = make::count_and_sample(unknown, KEPT).await?;
                        Ok(violation(rule, severity, rows, &sample))
                    }),
                });
            }
        }
        Ok(looks)
    }
}

/// What rows there are that break a rule, if any.
fn violation(check: String, severity: Severity, rows: u64, sample: &RecordBatch) -> Vec<Violation> {
    if rows == 0 {
        return Vec::new();
    }
    vec![Violation {
        check,
        severity,
        rows,
        sample: json_rows(sample),
    }]
}

/// Whether no two rows are alike, told by fingerprints: whether any are after
/// all, and which, the caller finds out.
async fn all_differ(keys: DataFrame) -> Result<bool, DataFusionError> {
    let mut stream = keys.execute_stream().await?;
    let mut seen = Keys::default();
    while let Some(batch) = stream.next().await {
        seen.see(&batch?)?;
    }
    Ok(seen.all_differ())
}

/// The rows that equal the one before them, counted, and the first of them.
async fn neighbours(
    frame: DataFrame,
    key: Vec<Expr>,
) -> Result<(u64, RecordBatch), DataFusionError> {
    let order = key.iter();
    let order = order.map(|column| column.clone().sort(true, false));
    let order = order.collect();
    let frame = frame.select(key)?.sort(order)?;
    let mut stream = frame.execute_stream().await?;
    let schema = stream.schema();
    let mut last: Option<RecordBatch> = None;
    let mut found = 0;
    let mut kept = Vec::new();
    while let Some(batch) = stream.next().await {
        let batch = batch?;
        if batch.num_rows() == 0 {
            continue;
        }
        let joined = match &last {
            Some(last) => concat_batches(&schema, [last, &batch])?,
            None => batch.clone(),
        };
        let repeated = repeats(&joined)?;
        let count = repeated.true_count();
        if count > 0 {
            found += count as u64;
            let behind = joined.slice(1, joined.num_rows() - 1);
            let rows = arrow::compute::filter_record_batch(&behind, &repeated)?;
            if kept.len() < KEPT {
                kept.push(rows.slice(0, rows.num_rows().min(KEPT)));
            }
        }
        last = Some(batch.slice(batch.num_rows() - 1, 1));
    }
    Ok((found, concat_batches(&schema, &kept)?))
}

/// The rows that break each rule are counted in one pass; those of a rule that
/// any break are looked up.
async fn broken_rules(
    frame: DataFrame,
    rules: Vec<(String, Severity, Expr)>,
) -> Result<Vec<Violation>, StepError> {
    let counts = rules.iter().enumerate().map(|(at, (_, _, broken))| {
        let row = when(broken.clone(), lit(1_i64)).otherwise(lit(0_i64))?;
        Ok(sum(row).alias(format!("rule_{at}")))
    });
    let counts = counts.collect::<Result<_, DataFusionError>>()?;
    let batches = frame.clone().aggregate(vec![], counts)?.collect().await?;
    let mut violations = Vec::new();
    for (at, (rule, severity, broken)) in rules.into_iter().enumerate() {
        let rows = batches.first().map_or(0, |batch| first_integer(batch, at));
        if rows == 0 {
            continue;
        }
        let those = frame.clone().filter(broken)?.limit(0, Some(KEPT))?;
        let (_, sample) = make::count_and_sample(those, KEPT).await?;
        violations.extend(violation(rule, severity, rows, &sample));
    }
    Ok(violations)
}

fn in_check(check: &str, error: &DataFusionError) -> StepError {
    StepError::Query(format!("check {check}: {}", error.strip_backtrace()))
}

/// A rule on one column in words, and the condition under which a row breaks
/// it. References to other tables are not rules on one column.
fn broken(name: &str, rule: &ColumnRule) -> Option<(String, Expr)> {
    let column = || ident(name);
    Some(match rule {
        ColumnRule::Min(bound) => (format!("≥ {bound}"), column().lt(make::number(*bound))),
        ColumnRule::Max(bound) => (format!("≤ {bound}"), column().gt(make::number(*bound))),
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

/// For each row but the first, whether it equals the row before it.
pub(crate) fn repeats(batch: &RecordBatch) -> Result<BooleanArray, arrow::error::ArrowError> {
    let rows = batch.num_rows().saturating_sub(1);
    let mut same = BooleanArray::from(vec![true; rows]);
    for column in batch.columns() {
        let before = column.slice(0, rows);
        let after = column.slice(batch.num_rows() - rows, rows);
        same = and(&same, &not_distinct(&before, &after)?)?;
    }
    Ok(same)
}

fn first_integer(batch: &RecordBatch, column: usize) -> u64 {
    use arrow::array::{Array as _, AsArray as _};
    use arrow::datatypes::Int64Type;
    batch
        .column(column)
        .as_primitive_opt::<Int64Type>()
        .filter(|array| !array.is_empty() && array.is_valid(0))
        .map_or(0, |array| u64::try_from(array.value(0)).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, Int64Array, StringArray};

    #[test]
    fn neighbours_that_are_equal_in_all_columns() {
        let batch = RecordBatch::try_from_iter([
            (
                "a",
                Arc::new(StringArray::from(vec![Some("x"), Some("x"), None, None])) as ArrayRef,
            ),
            (
                "b",
                Arc::new(Int64Array::from(vec![1, 1, 1, 2])) as ArrayRef,
            ),
        ])
        .unwrap();
        assert_eq!(
            repeats(&batch).unwrap(),
            BooleanArray::from(vec![true, false, false])
        );
    }
}
