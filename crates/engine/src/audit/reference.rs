//! The checks of reference tables: what breaks a rule is told at its row of the
//! CSV file.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array as _, AsArray as _};
use datafusion::catalog::TableProvider;
use datafusion::common::DataFusionError;
use hubcensus_spec::{
    ColumnRule, Diagnostic, ReferenceTable, Severity, Span, TableName, did_you_mean,
};
use serde_json::{Map, Value};

use crate::audit::inline::InlineFindings;
use crate::audit::rule::column_rules;
use crate::audit::violation::{Violation, json_rows};
use crate::audit::{Audit, AuditError, TableSource};
use crate::query::parameters::parameters;
use crate::reference::ReferenceData;
use crate::resolve::resolved::Resolved;

/// How many rows that break a rule are shown.
const SHOWN: usize = 5;

/// Runs the checks of every reference table.
pub(crate) async fn check(resolved: &Resolved) -> Result<Vec<Diagnostic>, AuditError> {
    let mut mistakes = Vec::new();
    let source = References(&resolved.references);
    for table in &resolved.project.references {
        let name = &table.name.value;
        let (Some(data), Some(checks)) = (
            resolved.references.get(name),
            resolved.reference_checks.get(name),
        ) else {
            continue;
        };
        let audit = Audit {
            session: &resolved.session,
            source: &source,
            table: name,
            contract: &table.contract,
            checks,
            parameters: parameters(&[], None),
            inline: InlineFindings::default(),
        };
        let own = data
            .table()
            .map_err(|e| AuditError::new(&name.to_string(), &e))?;
        let findings = audit.run(own).await?;
        let broken = Broken {
            resolved,
            table,
            data,
        };
        for violation in findings.violations {
            mistakes.extend(broken.told(&violation));
        }
    }
    Ok(mistakes
        .into_iter()
        .filter(|m| m.severity == Severity::Error)
        .collect())
}

/// A reference table some of whose rows break rules.
struct Broken<'a> {
    resolved: &'a Resolved,
    table: &'a ReferenceTable,
    data: &'a ReferenceData,
}

impl Broken<'_> {
    fn told(&self, violation: &Violation) -> Vec<Diagnostic> {
        match self.unknown_values(violation) {
            Some(mistakes) => mistakes,
            None => vec![self.broken(violation)],
        }
    }

    fn diagnostic(severity: Severity, message: String) -> Diagnostic {
        match severity {
            Severity::Error => Diagnostic::error("reference-check", message),
            Severity::Warning => Diagnostic::warning("reference-check", message),
        }
    }

    /// Values that the table that their column refers to lacks, each by itself;
    /// `None` if that is not the rule.
    fn unknown_values(&self, violation: &Violation) -> Option<Vec<Diagnostic>> {
        let contract = &self.table.contract;
        let mut rules = contract
            .columns
            .iter()
            .enumerate()
            .flat_map(|(at, column)| {
                let checks = column.checks.iter();
                checks.filter_map(move |check| match &check.rule {
                    ColumnRule::References {
                        table,
                        column: other,
                    } => Some((at, column, check.span, table, other)),
                    _ => None,
                })
            });
        let (at, column, rule, target, other) = rules.find(|(_, column, _, table, other)| {
            violation.check == format!("{} is in {table}.{other}", column.name.as_str())
        })?;
        let known = self.texts(target, other);
        let own = self.data.batch.column_by_name(column.name.as_str())?;
        let own = own.as_string_opt::<i32>()?;
        let text = self.resolved.files.get(self.data.file())?.text.as_str();
        let mut mistakes = Vec::new();
        for row in 0..own.len() {
            let value = own.value(row);
            if own.is_null(row) || known.contains(&value) {
                continue;
            }
            if mistakes.len() == SHOWN {
                break;
            }
            let message = format!(
                "{}:{}: `{value}` is not in `{target}.{other}`",
                self.table.file.value,
                self.data.line(row)
            );
            mistakes.push(
                Self::diagnostic(violation.severity, message)
                    .at(self.data.field_span(text, row, at), "not known there")
                    .related(rule, "the rule")
                    .maybe_help(did_you_mean(value, known.iter().copied())),
            );
        }
        (!mistakes.is_empty()).then_some(mistakes)
    }

    /// The texts of a column of a reference table.
    fn texts(&self, table: &TableName, column: &str) -> Vec<&str> {
        let data = self.resolved.references.get(table);
        let column = data.and_then(|data| data.batch.column_by_name(column));
        let texts = column.and_then(|column| column.as_string_opt::<i32>());
        texts.map_or_else(Vec::new, |texts| texts.iter().flatten().collect())
    }

    /// A rule that rows break, at the first of them.
    fn broken(&self, violation: &Violation) -> Diagnostic {
        let (file, rule) = (&self.table.file.value, &violation.check);
        let rows = self.rows(violation);
        // A key that is there twice is one violation of two rows.
        let count = violation.rows.max(rows.len() as u64);
        let message = match count {
            1 => format!("a row breaks `{rule}`"),
            count => format!("{count} rows break `{rule}`"),
        };
        let mut shown = rows.iter().take(SHOWN);
        let Some(first) = shown.next() else {
            let sample = violation.sample.first().map(|row| format!(": {row}"));
            let message = format!("{file}: {message}{}", sample.unwrap_or_default());
            return Self::diagnostic(violation.severity, message).at(self.rule(rule), "the rule");
        };
        let message = format!("{file}:{}: {message}", self.data.line(*first));
        let diagnostic = Self::diagnostic(violation.severity, message)
            .at(self.data.row_span(*first), "breaks it")
            .related(self.rule(rule), "the rule");
        shown.fold(diagnostic, |diagnostic, row| {
            diagnostic.related(self.data.row_span(*row), "and this")
        })
    }

    /// The rows of the table that a violation's sample shows: those that have
    /// its values in the columns of the contract that it has.
    fn rows(&self, violation: &Violation) -> Vec<usize> {
        let sample = violation.sample.iter();
        let sample: Vec<Map<String, Value>> = sample
            .filter_map(|row| serde_json::from_str(row).ok())
            .map(|mut row: Map<String, Value>| {
                row.retain(|name, _| self.table.contract.column(name).is_some());
                row
            })
            .filter(|row| !row.is_empty())
            .collect();
        let rows = json_rows(&self.data.batch).into_iter().enumerate();
        rows.filter(|(_, row)| {
            let row: Map<String, Value> = serde_json::from_str(row).unwrap_or_default();
            let shows = |sample: &Map<String, Value>| {
                sample
                    .iter()
                    .all(|(name, value)| row.get(name) == Some(value))
            };
            sample.iter().any(shows)
        })
        .map(|(row, _)| row)
        .collect()
    }

    /// Where a rule is written.
    fn rule(&self, rule: &str) -> Span {
        let contract = &self.table.contract;
        let mut checks = self.table.checks.iter();
        if let Some(check) = checks.find(|check| check.name.value == rule) {
            return check.name.span;
        }
        let columns = contract.columns.iter().flat_map(|column| &column.checks);
        let of_one_column =
            columns.filter(|check| !matches!(check.rule, ColumnRule::References { .. }));
        let found = column_rules(contract)
            .zip(of_one_column)
            .find(|((name, ..), _)| name == rule)
            .map(|(_, check)| check.span);
        let key = contract.key.first().map(|column| column.span);
        found.or(key).unwrap_or(self.table.file.span)
    }
}

/// The reference tables alone, as checks of reference tables see them.
struct References<'a>(&'a BTreeMap<TableName, ReferenceData>);

impl TableSource for References<'_> {
    fn table(&self, name: &TableName) -> Result<Option<Arc<dyn TableProvider>>, DataFusionError> {
        self.0.get(name).map(ReferenceData::table).transpose()
    }
}
