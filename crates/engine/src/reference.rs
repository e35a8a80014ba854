//! Reference tables: curated CSV files as typed tables.

use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use datafusion::catalog::TableProvider;
use datafusion::common::DataFusionError;
use hubcensus_hub::read;
use hubcensus_spec::{Diagnostic, ReferenceTable};

use crate::query::frame;
use crate::query::schema;
use crate::query::source_schema;

/// A reference table, read.
#[derive(Debug)]
pub(crate) struct ReferenceData {
    pub(crate) batch: RecordBatch,
    pub(crate) fingerprint: String,
}

impl ReferenceData {
    pub(crate) fn table(&self) -> Result<Arc<dyn TableProvider>, DataFusionError> {
        Ok(frame::memory(self.batch.clone())?)
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
    // Reading a pipe might never end.
    if path.metadata().is_ok_and(|about| !about.is_file()) {
        return Err(mistake(format!("{shown} is no regular file")));
    }
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
        fingerprint: blake3::hash(&bytes).to_hex().to_string(),
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
