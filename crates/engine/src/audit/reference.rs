//! The checks of reference tables.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::common::DataFusionError;
use hubcensus_spec::{Diagnostic, ReferenceTable, Severity, TableName};

use crate::audit::inline::InlineFindings;
use crate::audit::rule::ResolvedCheck;
use crate::audit::violation::Violation;
use crate::audit::{Audit, AuditError, TableSource};
use crate::query::parameters::parameters;
use crate::query::session::Session;
use crate::reference::ReferenceData;

/// Runs the checks of every reference table.
pub(crate) async fn check(
    session: &Session,
    tables: &[ReferenceTable],
    references: &BTreeMap<TableName, ReferenceData>,
    checks: &BTreeMap<TableName, Vec<ResolvedCheck>>,
) -> Result<Vec<Diagnostic>, AuditError> {
    let mut mistakes = Vec::new();
    let source = References(references);
    for table in tables {
        let name = &table.name.value;
        let (Some(data), Some(checks)) = (references.get(name), checks.get(name)) else {
            continue;
        };
        let audit = Audit {
            session,
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
        for violation in findings.violations {
            mistakes.push(broken(table, &violation));
        }
    }
    Ok(mistakes
        .into_iter()
        .filter(|m| m.severity == Severity::Error)
        .collect())
}

fn broken(table: &ReferenceTable, violation: &Violation) -> Diagnostic {
    let message = format!(
        "{}: {} row{} break{} `{}`",
        table.file.value,
        violation.rows,
        if violation.rows == 1 { "" } else { "s" },
        if violation.rows == 1 { "s" } else { "" },
        violation.check
    );
    let place = table
        .checks
        .iter()
        .find(|check| check.name.value == violation.check)
        .map_or(table.file.span, |check| check.name.span);
    let mut diagnostic = match violation.severity {
        Severity::Error => Diagnostic::error("reference-check", message),
        Severity::Warning => Diagnostic::warning("reference-check", message),
    }
    .at(place, "the rule");
    for row in violation.sample.iter().take(5) {
        diagnostic = diagnostic.help(row.clone());
    }
    diagnostic
}

/// The reference tables alone, as checks of reference tables see them.
struct References<'a>(&'a BTreeMap<TableName, ReferenceData>);

impl TableSource for References<'_> {
    fn table(&self, name: &TableName) -> Result<Option<Arc<dyn TableProvider>>, DataFusionError> {
        self.0.get(name).map(ReferenceData::table).transpose()
    }
}
