//! A staged partition against its contract and its checks, as it was written.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::kernels::cmp::not_distinct;
use arrow::compute::{and, concat_batches};
use datafusion::catalog::TableProvider;
use datafusion::common::DataFusionError;
use datafusion::dataframe::DataFrame;
use datafusion::functions_aggregate::expr_fn::{count, sum};
use datafusion::logical_expr::{Expr, JoinType, in_list, lit, when};
use datafusion::prelude::{SessionContext, ident};
use futures::StreamExt as _;
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
}

/// What an audit found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) checks: usize,
    pub(crate) violations: Vec<Violation>,
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

impl Audit<'_> {
    /// Runs every check on the table as it was written.
    pub(crate) async fn run(&self, own: Arc<dyn TableProvider>) -> Result<Findings, StepError> {
        let mut findings = Findings::default();
        self.key(&own, &mut findings).await?;
        tracing::debug!("{}: its key was looked at", self.table);
        self.columns(&own, &mut findings).await?;
        tracing::debug!("{}: its columns were looked at", self.table);
        for check in self.checks {
            let (rows, sample) = self
                .check(check, &own)
                .await
                .map_err(|e| in_check(&check.name, &e))?;
            tracing::debug!("{}: {} was checked", self.table, check.name);
            findings.checks += 1;
            if rows > 0 {
                findings.violations.push(Violation {
                    check: check.name.clone(),
                    severity: check.severity,
                    rows,
                    sample: json_rows(&sample),
                });
            }
        }
        Ok(findings)
    }

    async fn check(
        &self,
        check: &MadeCheck,
        own: &Arc<dyn TableProvider>,
    ) -> Result<(u64, RecordBatch), DataFusionError> {
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
        make::count_and_sample(DataFrame::new(state, plan), KEPT).await
    }

    fn frame(&self, own: &Arc<dyn TableProvider>) -> Result<DataFrame, DataFusionError> {
        let state = self.session.seeing(&Tables::default())?;
        SessionContext::new_with_state(state).read_table(Arc::clone(own))
    }

    /// The key is there once. The file is in its order, so where the key leads
    /// the order, equal keys are neighbours.
    async fn key(
        &self,
        own: &Arc<dyn TableProvider>,
        findings: &mut Findings,
    ) -> Result<(), StepError> {
        let key: BTreeSet<&str> = self.contract.key.iter().map(|c| c.as_str()).collect();
        let leads: BTreeSet<&str> = self
            .contract
            .sort
            .iter()
            .take(key.len())
            .map(|c| c.as_str())
            .collect();
        let frame = self.frame(own)?;
        findings.checks += 1;
        let (rows, sample) = if key == leads {
            // As the order has them, so that nothing is sorted.
            let sort = self.contract.sort.iter().take(key.len());
            let columns = sort.map(|column| ident(column.as_str())).collect();
            self.neighbours(frame, columns).await?
        } else {
            let columns: Vec<Expr> = key.iter().map(|name| ident(*name)).collect();
            if all_differ(frame.clone().select(columns.clone())?).await? {
                return Ok(());
            }
            let repeated = frame
                .aggregate(columns, vec![count(lit(1)).alias("rows")])?
                .filter(ident("rows").gt(lit(1)))?;
            make::count_and_sample(repeated, KEPT).await?
        };
        if rows > 0 {
            let names: Vec<&str> = key.into_iter().collect();
            findings.violations.push(Violation::error(
                format!("the key ({}) is unique", names.join(", ")),
                rows,
                &sample,
            ));
        }
        Ok(())
    }

    async fn neighbours(
        &self,
        frame: DataFrame,
        key: Vec<Expr>,
    ) -> Result<(u64, RecordBatch), StepError> {
        let order = key
            .iter()
            .map(|column| column.clone().sort(true, false))
            .collect();
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
                Some(last) => {
                    concat_batches(&schema, [last, &batch]).map_err(DataFusionError::from)?
                }
                None => batch.clone(),
            };
            let repeated = repeats(&joined).map_err(DataFusionError::from)?;
            let count = repeated.true_count();
            if count > 0 {
                found += count as u64;
                let rows = arrow::compute::filter_record_batch(
                    &joined.slice(1, joined.num_rows() - 1),
                    &repeated,
                )
                .map_err(DataFusionError::from)?;
                if kept.len() < KEPT {
                    kept.push(rows.slice(0, rows.num_rows().min(KEPT)));
                }
            }
            last = Some(batch.slice(batch.num_rows() - 1, 1));
        }
        let sample = concat_batches(&schema, &kept).map_err(DataFusionError::from)?;
        Ok((found, sample))
    }

    /// The rules on single columns, all counted in one pass.
    async fn columns(
        &self,
        own: &Arc<dyn TableProvider>,
        findings: &mut Findings,
    ) -> Result<(), StepError> {
        let mut rules: Vec<(String, Severity, Expr)> = Vec::new();
        for column in &self.contract.columns {
            let name = column.name.as_str();
            for check in &column.checks {
                if let Some((rule, broken)) = broken(name, &check.rule) {
                    rules.push((format!("{name} {rule}"), check.severity, broken));
                } else if let ColumnRule::References {
                    table,
                    column: other,
                } = &check.rule
                {
                    self.reference(own, (name, table, other), check.severity, findings)
                        .await?;
                }
            }
        }
        if rules.is_empty() {
            return Ok(());
        }
        findings.checks += rules.len();
        let counts: Vec<Expr> = rules
            .iter()
            .enumerate()
            .map(|(at, (_, _, broken))| {
                Ok(sum(when(broken.clone(), lit(1_i64)).otherwise(lit(0_i64))?)
                    .alias(format!("rule_{at}")))
            })
            .collect::<Result<_, DataFusionError>>()?;
        let batches = self
            .frame(own)?
            .aggregate(vec![], counts)?
            .collect()
            .await?;
        for (at, (rule, severity, broken)) in rules.into_iter().enumerate() {
            let rows = batches.first().map_or(0, |batch| first_integer(batch, at));
            if rows == 0 {
                continue;
            }
            let (_, sample) = make::count_and_sample(
                self.frame(own)?.filter(broken)?.limit(0, Some(KEPT))?,
                KEPT,
            )
            .await?;
            findings.violations.push(Violation {
                check: rule,
                severity,
                rows,
                sample: json_rows(&sample),
            });
        }
        Ok(())
    }

    /// Every value of a column stands in a column of another table.
    async fn reference(
        &self,
        own: &Arc<dyn TableProvider>,
        (name, table, other): (&str, &TableName, &str),
        severity: Severity,
        findings: &mut Findings,
    ) -> Result<(), StepError> {
        let provider = if table == self.table {
            Some(Arc::clone(own))
        } else {
            self.source.table(table)?
        };
        let Some(provider) = provider else {
            return Ok(());
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
        findings.checks += 1;
        let (rows, sample) = make::count_and_sample(unknown, KEPT).await?;
        if rows > 0 {
            findings.violations.push(Violation {
                check: format!("{name} is in {table}.{other}"),
                severity,
                rows,
                sample: json_rows(&sample),
            });
        }
        Ok(())
    }
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
