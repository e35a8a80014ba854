//! Looking into a lake: its tables, a table's rows, a query by hand.

pub(crate) mod query;
pub(crate) mod show;
pub(crate) mod tables;

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use datafusion::common::DataFusionError;
use datafusion::dataframe::DataFrame;
use hubcensus_spec::{TableName, did_you_mean};

use crate::error::EngineError;
use crate::resolve::resolved::Resolved;

fn find(resolved: &Resolved, table: &str) -> Result<TableName, EngineError> {
    let all = || {
        resolved
            .references
            .keys()
            .chain(resolved.order.iter())
            .map(ToString::to_string)
    };
    let exact = all().find(|name| name == table);
    let bare: Vec<String> = all()
        .filter(|name| name.rsplit('.').next() == Some(table))
        .collect();
    let found = match (exact, bare.as_slice()) {
        (Some(name), _) => Some(name),
        (None, [name]) => Some(name.clone()),
        (None, _) => None,
    };
    found.and_then(|name| name.parse().ok()).ok_or_else(|| {
        let hint = match bare.as_slice() {
            [] => {
                let known: Vec<String> = all().collect();
                did_you_mean(table, known.iter().map(String::as_str))
                    .map(|near| format!("; {near}"))
            }
            several => Some(format!("; there are {}", several.join(", "))),
        };
        EngineError::Query(format!(
            "no table `{table}`{}",
            hint.unwrap_or_else(|| "; `hubcensus tables` lists them".to_owned())
        ))
    })
}

async fn gather(frame: DataFrame) -> Result<RecordBatch, DataFusionError> {
    let schema = Arc::clone(frame.schema().inner());
    let batches = frame.collect().await?;
    let schema = batches.first().map_or(schema, RecordBatch::schema);
    Ok(concat_batches(&schema, &batches)?)
}
