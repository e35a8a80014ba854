//! Reference tables: curated CSV files as typed tables.

use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use datafusion::catalog::TableProvider;
use datafusion::common::DataFusionError;
use hubcensus_hub::read;
use hubcensus_spec::{Diagnostic, ReferenceTable, Severity, TableName};

use crate::audit::{Audit, Seen, TableSource};
use crate::error::EngineError;
use crate::fingerprint;
use crate::make;
use crate::outcome::Violation;
use crate::resolve::{self, Resolved};
use crate::schema;
use crate::source_schema;

/// A reference table, read.
#[derive(Debug)]
pub(crate) struct ReferenceData {
    pub(crate) batch: RecordBatch,
    pub(crate) fingerprint: String,
}

impl ReferenceData {
    pub(crate) fn table(&self) -> Result<Arc<dyn TableProvider>, DataFusionError> {
        Ok(make::memory(self.batch.clone())?)
    }
}

/// Reads the CSV file of a reference table.
///
/// # Errors
///
/// Every line that does not fit, a header that is not the contract's, a file
/// that cannot be read.
pub(crate) fn read(table: &ReferenceTable, root: &Path) -> Result<ReferenceData, Vec<Diagnostic>> {
    let shown = table.file.value.as_str();
    let mistake = |message: String| {
        vec![Diagnostic::error("reference", message).at(
            table.file.span,
            format!("the file of `{}`", table.name.value),
        )]
    };
    let path = root.join(shown);
    let bytes = std::fs::read(&path).map_err(|e| mistake(format!("cannot read {shown}: {e}")))?;
    header(table, &bytes).map_err(&mistake)?;
    let fields = table
        .contract
        .columns
        .iter()
        .map(|column| {
            read::Field::new(
                column.name.as_str(),
                column.name.as_str(),
                source_schema::column_kind(column.data_type),
            )
        })
        .collect();
    let request = read::Request::new(fields, read::Format::Csv);
    let reader = read::open(&path, shown, &request).map_err(|e| mistake(e.to_string()))?;
    let mut batches = Vec::new();
    let mut mistakes = Vec::new();
    for chunk in reader.split(1).into_iter().flatten() {
        let chunk = chunk.map_err(|e| mistake(e.to_string()))?;
        for reject in chunk.rejects {
            mistakes.extend(mistake(format!(
                "{shown}:{}: {}: {}",
                reject.row,
                reject.reason.as_str(),
                reject.detail
            )));
        }
        let columns: Vec<usize> = (0..table.contract.columns.len()).collect();
        batches.push(
            chunk
                .batch
                .project(&columns)
                .map_err(|e| mistake(e.to_string()))?,
        );
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let schema = schema::of_contract(&table.contract);
    let nullable = batches
        .first()
        .map_or_else(|| Arc::clone(&schema), RecordBatch::schema);
    let batch = concat_batches(&nullable, &batches).map_err(|e| mistake(e.to_string()))?;
    let batch = RecordBatch::try_new(schema, batch.columns().to_vec()).map_err(|e| {
        mistake(format!(
            "{shown}: {e}; an empty field needs `nullable: true` in the contract"
        ))
    })?;
    Ok(ReferenceData {
        batch,
        fingerprint: fingerprint::hash(&bytes),
    })
}

fn header(table: &ReferenceTable, bytes: &[u8]) -> Result<(), String> {
    let text = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let found = String::from_utf8_lossy(text);
    let found = found.trim_end_matches('\r');
    let wanted: Vec<&str> = table
        .contract
        .columns
        .iter()
        .map(|c| c.name.as_str())
        .collect();
    let wanted = wanted.join(",");
    if found == wanted {
        return Ok(());
    }
    Err(format!(
        "{}:1: the header is `{found}`, expected `{wanted}`",
        table.file.value
    ))
}

/// Runs the checks of every reference table.
pub(crate) async fn check(resolved: &Resolved) -> Result<Vec<Diagnostic>, EngineError> {
    let mut mistakes = Vec::new();
    let source = References(resolved);
    for table in &resolved.project.references {
        let (Some(data), Some(checks)) = (
            resolved.references.get(&table.name.value),
            resolved.reference_checks.get(&table.name.value),
        ) else {
            continue;
        };
        let audit = Audit {
            session: &resolved.session,
            source: &source,
            table: &table.name.value,
            contract: &table.contract,
            checks,
            parameters: resolve::parameters(&[], None),
            seen: Seen::default(),
        };
        let findings = audit
            .run(data.table()?)
            .await
            .map_err(|e| EngineError::Query(e.to_string()))?;
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
struct References<'a>(&'a Resolved);

impl TableSource for References<'_> {
    fn table(&self, name: &TableName) -> Result<Option<Arc<dyn TableProvider>>, DataFusionError> {
        self.0
            .references
            .get(name)
            .map(ReferenceData::table)
            .transpose()
    }
}
