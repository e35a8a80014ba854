//! What a table says of its rows: checks, conditions that set rows aside, and
//! the rules of its columns.

use std::collections::{BTreeMap, BTreeSet};

use arrow::datatypes::SchemaRef;
use hubcensus_spec::{
    Check, ColumnRule, Contract, Diagnostic, History, RejectLimit, RejectRule, TableName,
};

use crate::audit::inline;
use crate::audit::rule::ResolvedCheck;
use crate::query::condition;
use crate::query::sql;
use crate::resolve::checked::Checked;
use crate::resolve::context::{Context, Scope};
use crate::resolve::fingerprint;

/// The checks of a table, and what they use beside it.
#[derive(Debug, Default)]
pub(super) struct Checks {
    pub(super) checks: Vec<ResolvedCheck>,
    pub(super) inputs: BTreeSet<TableName>,
    pub(super) functions: BTreeSet<String>,
    /// Their text, however it is laid out.
    pub(super) canonical: String,
}

impl Context<'_> {
    /// Parses and plans a table's checks.
    pub(super) async fn checks(
        &self,
        table: &TableName,
        checks: &[Check],
        history: &BTreeMap<TableName, History>,
        parameters: &BTreeMap<String, String>,
    ) -> Checked<Checks> {
        let mut resolved = Checks::default();
        let mut texts = Vec::new();
        let mut diagnostics = Vec::new();
        for check in checks {
            let query = match sql::parse(&check.query) {
                Ok(query) => query,
                Err(diagnostic) => {
                    diagnostics.push(*diagnostic);
                    continue;
                }
            };
            let scope = Scope {
                history,
                parameters,
                bare: None,
            };
            let planned = self.plan(&check.query, &query, &scope).await;
            let planned = planned.take(&mut diagnostics);
            let of_each_row = query.tables().all(|(read, _)| read == table)
                && planned.is_some_and(|planned| inline::condition(&planned.analyzed).is_some());
            let others = query.tables().filter(|(read, _)| *read != table);
            resolved.inputs.extend(others.map(|(read, _)| read.clone()));
            let calls = query.calls();
            let called = calls.names().into_iter().map(str::to_owned);
            resolved.functions.extend(called);
            texts.push((check, query.canonical()));
            resolved.checks.push(ResolvedCheck {
                name: check.name.value.clone(),
                severity: check.severity,
                query,
                of_each_row,
            });
        }
        resolved.canonical = fingerprint::checks(texts.into_iter());
        Checked::new(resolved, diagnostics)
    }

    /// What is wrong with the conditions that set rows aside.
    pub(super) async fn conditions(
        &self,
        rules: &[RejectRule],
        schema: &SchemaRef,
    ) -> Vec<Diagnostic> {
        let mut diagnostics = Vec::new();
        for rule in rules {
            diagnostics.extend(condition::mistakes(self.session, &rule.condition, schema).await);
        }
        diagnostics
    }
}

/// What is wrong with the patterns of a contract's columns.
pub(super) fn patterns(contract: &Contract) -> Vec<Diagnostic> {
    let checks = contract.columns.iter().flat_map(|column| &column.checks);
    let mut diagnostics = Vec::new();
    for check in checks {
        if let ColumnRule::Matches(pattern) = &check.rule
            && let Err(error) = regex::Regex::new(pattern)
        {
            let reason = error.to_string();
            let reason = reason.lines().last().unwrap_or_default().trim();
            diagnostics.push(
                Diagnostic::error(
                    "bad-pattern",
                    format!("`{pattern}` is no regular expression"),
                )
                .at(check.span, reason.trim_start_matches("error: ")),
            );
        }
    }
    diagnostics
}

/// The tables that a contract's columns refer to.
pub(super) fn referenced(contract: &Contract) -> impl Iterator<Item = TableName> + '_ {
    contract
        .columns
        .iter()
        .flat_map(|column| &column.checks)
        .filter_map(|check| match &check.rule {
            ColumnRule::References { table, .. } => Some(table.clone()),
            _ => None,
        })
}

/// The functions that conditions call.
pub(super) fn functions(rules: &[RejectRule]) -> BTreeSet<String> {
    let conditions = rules.iter().map(|rule| &rule.condition);
    conditions.flat_map(condition::functions).collect()
}

/// How many rows may be set aside, as text.
pub(super) fn describe_limit(limit: &RejectLimit) -> String {
    let mut described = format!("limit {:?} {:?}", limit.share, limit.rows);
    for (reason, limit) in &limit.reasons {
        let reason = reason.as_str();
        described.push_str(&format!(" {reason} {} {}", limit.share, limit.rows));
    }
    described
}

/// The conditions that set rows aside, as text.
pub(super) fn describe_rejects(rules: &[RejectRule]) -> String {
    rules
        .iter()
        .map(|rule| format!("{}: {}\n", rule.reason.as_str(), rule.condition.text))
        .collect()
}
