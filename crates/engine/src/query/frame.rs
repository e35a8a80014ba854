//! Frames over a contract's columns: its projection, its order, and what comes
//! out of a frame.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use datafusion::common::{DFSchema, DataFusionError};
use datafusion::dataframe::DataFrame;
use datafusion::datasource::MemTable;
use datafusion::logical_expr::{Expr, SortExpr, cast, lit};
use datafusion::prelude::ident;
use datafusion::scalar::ScalarValue;
use futures::StreamExt as _;
use hubcensus_spec::{Contract, Number};

use crate::query::schema;

/// The contract's columns, of the contract's types.
pub(crate) fn projection(contract: &Contract) -> Vec<Expr> {
    contract
        .columns
        .iter()
        .map(|column| {
            let name = column.name.as_str();
            cast(ident(name), schema::data_type(column.data_type)).alias(name)
        })
        .collect()
}

/// The same of a frame that may lack columns: those have the value that is
/// stated for all rows, else they are null.
pub(crate) fn projection_or(
    stated: &BTreeMap<&str, ScalarValue>,
    contract: &Contract,
    frame: &DFSchema,
) -> Vec<Expr> {
    contract
        .columns
        .iter()
        .map(|column| {
            let name = column.name.as_str();
            let found = frame.fields().iter().any(|field| field.name() == name);
            let value = if found {
                ident(name)
            } else {
                lit(stated.get(name).cloned().unwrap_or(ScalarValue::Null))
            };
            cast(value, schema::data_type(column.data_type)).alias(name)
        })
        .collect()
}

/// A bound as a literal.
pub(crate) fn number(bound: Number) -> Expr {
    match bound {
        Number::Int(value) => lit(value),
        Number::Float(value) => lit(value),
    }
}

/// The contract's order.
pub(crate) fn ordering(contract: &Contract) -> Vec<SortExpr> {
    contract
        .sort
        .iter()
        .map(|column| ident(column.as_str()).sort(true, false))
        .collect()
}

/// Everything that a query gives, counted, and its first rows.
pub(crate) async fn count_and_sample(
    frame: DataFrame,
    keep: usize,
) -> Result<(u64, RecordBatch), DataFusionError> {
    let mut stream = frame.execute_stream().await?;
    let mut count = 0;
    let mut kept = Vec::new();
    let mut room = keep;
    let schema = stream.schema();
    while let Some(batch) = stream.next().await {
        let batch = batch?;
        count += batch.num_rows() as u64;
        let take = batch.num_rows().min(room);
        if take > 0 {
            kept.push(batch.slice(0, take));
            room -= take;
        }
    }
    Ok((count, concat_batches(&schema, &kept)?))
}

/// One batch as a table.
pub(crate) fn memory(batch: RecordBatch) -> Result<Arc<MemTable>, DataFusionError> {
    Ok(Arc::new(MemTable::try_new(
        batch.schema(),
        vec![vec![batch]],
    )?))
}
