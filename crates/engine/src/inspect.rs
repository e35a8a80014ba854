//! Looking into a lake: its tables, a table's rows, a query by hand.

pub(crate) mod condition;
mod hint;
pub(crate) mod provenance;
pub(crate) mod query;
mod rejected;
pub(crate) mod show;
pub(crate) mod tables;

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use datafusion::common::DataFusionError;
use datafusion::dataframe::DataFrame;
use hubcensus_spec::{REFERENCE, TableName, did_you_mean};

use crate::error::{EngineError, SelectorError};
use crate::resolve::resolved::Resolved;

/// The table that `name` means: `stage.table`, or the table's name alone where
/// that says which. A table that is made wins over a reference table of the
/// same name.
///
/// # Errors
///
/// No such table, or several.
pub fn find_table(resolved: &Resolved, name: &str) -> Result<TableName, EngineError> {
    let all = || resolved.references.keys().chain(resolved.order.iter());
    if let Some(exact) = all().find(|table| table.to_string() == name) {
        return Ok(exact.clone());
    }
    let alike: Vec<&TableName> = all().filter(|table| table.table() == name).collect();
    let made: Vec<&TableName> = alike
        .iter()
        .copied()
        .filter(|table| table.stage() != REFERENCE)
        .collect();
    match (made.as_slice(), alike.as_slice()) {
        ([only], _) | ([], [only]) => return Ok((*only).clone()),
        _ => {}
    }
    let hint = if alike.is_empty() {
        let known: Vec<String> = all().map(ToString::to_string).collect();
        did_you_mean(name, known.iter().map(String::as_str))
            .unwrap_or_else(|| "`hubcensus tables` lists them".to_owned())
    } else {
        let names: Vec<String> = alike.iter().map(ToString::to_string).collect();
        format!("there are {}", names.join(", "))
    };
    Err(EngineError::Query(format!("no table `{name}`; {hint}")))
}

/// The tables that selectors mean together, of those that are made; without
/// any, all.
///
/// # Errors
///
/// A selector that means none.
pub fn select_tables(
    resolved: &Resolved,
    selectors: &[String],
) -> Result<BTreeSet<TableName>, SelectorError> {
    resolved.graph.select(selectors)
}

async fn gather(frame: DataFrame) -> Result<RecordBatch, DataFusionError> {
    let schema = Arc::clone(frame.schema().inner());
    let batches = frame.collect().await?;
    let schema = batches.first().map_or(schema, RecordBatch::schema);
    Ok(concat_batches(&schema, &batches)?)
}
