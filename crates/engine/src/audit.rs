//! A staged partition against its contract and its checks, as it was written.

pub(crate) mod inline;
pub(crate) mod reference;
pub(crate) mod rule;
pub(crate) mod violation;

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::common::DataFusionError;
use datafusion::common::runtime::SpawnedTask;
use datafusion::dataframe::DataFrame;
use datafusion::functions_aggregate::expr_fn::{count, sum};
use datafusion::logical_expr::{Expr, JoinType, lit, when};
use datafusion::prelude::{SessionContext, ident};
use futures::future::BoxFuture;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use hubcensus_spec::{ColumnRule, Contract, Severity, TableName};

use crate::audit::inline::InlineFindings;
use crate::audit::rule::{ResolvedCheck, column_rules};
use crate::audit::violation::{Violation, violation};
use crate::query::frame;
use crate::query::session::{Session, Tables};

/// How many of the rows that break a rule are kept.
const KEPT: usize = 20;

/// A check that could not be run.
#[derive(Debug, thiserror::Error)]
#[error("check {check}: {reason}")]
pub(crate) struct AuditError {
    check: String,
    reason: String,
}

impl AuditError {
    fn new(check: &str, error: &DataFusionError) -> Self {
        Self {
            check: check.to_owned(),
            reason: error.strip_backtrace(),
        }
    }
}

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
    pub(crate) checks: &'a [ResolvedCheck],
    /// The parameters of the checks' queries, as SQL.
    pub(crate) parameters: BTreeMap<String, String>,
    /// What is known since the rows were written.
    pub(crate) inline: InlineFindings,
}

/// What an audit found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) checks: usize,
    pub(crate) violations: Vec<Violation>,
}

/// One pass over a table, apart from all others.
struct Pass {
    what: String,
    /// How many rules are looked at in it.
    rules: usize,
    violations: BoxFuture<'static, Result<Vec<Violation>, DataFusionError>>,
}

impl Pass {
    /// Of one rule, which the rows of `broken` break.
    fn counting(rule: String, severity: Severity, broken: DataFrame) -> Self {
        Self {
            what: rule.clone(),
            rules: 1,
            violations: Box::pin(counted(rule, severity, broken)),
        }
    }
}

impl Audit<'_> {
    /// Runs every check on the table as it was written, several at a time.
    pub(crate) async fn run(&self, own: Arc<dyn TableProvider>) -> Result<Findings, AuditError> {
        let mut findings = Findings::default();
        let mut passes = Vec::new();
        if self.inline.keys_differ {
            findings.checks += 1;
        } else {
            passes.push(
                self.key(&own)
                    .map_err(|e| AuditError::new("of the key", &e))?,
            );
        }
        passes.extend(
            self.references(&own)
                .map_err(|e| AuditError::new("of references", &e))?,
        );
        let (kept, open) = column_rules(self.contract)
            .partition::<Vec<_>, _>(|(rule, ..)| self.inline.passed.contains(rule));
        findings.checks += kept.len();
        passes.extend(
            self.columns(&own, open)
                .map_err(|e| AuditError::new("of columns", &e))?,
        );
        for check in self.checks {
            if self.inline.passed.contains(&check.name) {
                findings.checks += 1;
                continue;
            }
            let pass = self.check(check, &own).await;
            passes.push(pass.map_err(|e| AuditError::new(&check.name, &e))?);
        }
        let table = self.table;
        let mut done = stream::iter(passes)
            .map(|pass| async move {
                let joined = SpawnedTask::spawn(pass.violations).join().await;
                let violations = joined
                    .map_err(|e| DataFusionError::External(Box::new(e)))
                    .and_then(|violations| violations)
                    .map_err(|e| AuditError::new(&pass.what, &e))?;
                tracing::debug!("{table}: checked {}", pass.what);
                Ok((pass.rules, violations))
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
        check: &ResolvedCheck,
        own: &Arc<dyn TableProvider>,
    ) -> Result<Pass, DataFusionError> {
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
        Ok(Pass {
            what: name.clone(),
            rules: 1,
            violations: Box::pin(counted(name, severity, frame)),
        })
    }

    fn frame(&self, own: &Arc<dyn TableProvider>) -> Result<DataFrame, DataFusionError> {
        let state = self.session.seeing(&Tables::default())?;
        SessionContext::new_with_state(state).read_table(Arc::clone(own))
    }

    /// The key is there once.
    fn key(&self, own: &Arc<dyn TableProvider>) -> Result<Pass, DataFusionError> {
        let names: Vec<&str> = self.contract.key.iter().map(|key| key.as_str()).collect();
        let rule = format!("the key ({}) is unique", names.join(", "));
        let columns = names.into_iter().map(ident).collect();
        let repeated = self
            .frame(own)?
            .aggregate(columns, vec![count(lit(1)).alias("rows")])?
            .filter(ident("rows").gt(lit(1)))?;
        Ok(Pass::counting(rule, Severity::Error, repeated))
    }

    /// Rules on single columns, all counted in one pass.
    fn columns(
        &self,
        own: &Arc<dyn TableProvider>,
        rules: Vec<(String, Severity, Expr)>,
    ) -> Result<Option<Pass>, DataFusionError> {
        if rules.is_empty() {
            return Ok(None);
        }
        let frame = self.frame(own)?;
        Ok(Some(Pass {
            what: "its columns".to_owned(),
            rules: rules.len(),
            violations: Box::pin(broken_rules(frame, rules)),
        }))
    }

    /// Every value of a column stands in a column of another table.
    fn references(&self, own: &Arc<dyn TableProvider>) -> Result<Vec<Pass>, DataFusionError> {
        let mut passes = Vec::new();
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
                let rule = format!("{name} is in {table}.{other}");
                passes.push(Pass::counting(rule, check.severity, unknown));
            }
        }
        Ok(passes)
    }
}

/// What rows there are that break a rule, if any.
async fn counted(
    check: String,
    severity: Severity,
    broken: DataFrame,
) -> Result<Vec<Violation>, DataFusionError> {
    let (rows, sample) = frame::count_and_sample(broken, KEPT).await?;
    Ok(violation(check, severity, rows, &sample)
        .into_iter()
        .collect())
}

/// The rows that break each rule are counted in one pass; those of a rule that
/// any break are looked up.
async fn broken_rules(
    frame: DataFrame,
    rules: Vec<(String, Severity, Expr)>,
) -> Result<Vec<Violation>, DataFusionError> {
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
        let those = frame.clone().filter(broken)?;
        let (_, sample) = frame::count_and_sample(those, KEPT).await?;
        violations.extend(violation(rule, severity, rows, &sample));
    }
    Ok(violations)
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
