//! Frames over a contract's columns: its projection, its order, and what comes
//! out of a frame.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{RecordBatch, UInt64Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::row::{RowConverter, SortField};
use datafusion::common::{DFSchema, DataFusionError};
use datafusion::dataframe::DataFrame;
use datafusion::datasource::MemTable;
use datafusion::logical_expr::{Expr, LogicalPlan, SortExpr, cast, lit};
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

/// Everything that a query gives, counted, and its first rows: in the order that
/// it asks for, else in that of its columns. Without an order it gives its rows
/// as they come, in each run others first.
pub(crate) async fn count_and_sample(
    frame: DataFrame,
    keep: usize,
) -> Result<(u64, RecordBatch), DataFusionError> {
    let is_ordered = matches!(
        frame.logical_plan(),
        LogicalPlan::Sort(_) | LogicalPlan::Limit(_)
    );
    let mut stream = frame.execute_stream().await?;
    let mut count = 0;
    let schema = stream.schema();
    let mut kept = RecordBatch::new_empty(Arc::clone(&schema));
    while let Some(batch) = stream.next().await {
        let batch = batch?;
        count += batch.num_rows() as u64;
        if is_ordered && kept.num_rows() == keep {
            continue;
        }
        kept = concat_batches(&schema, [&kept, &batch])?;
        if !is_ordered {
            kept = in_order(&kept)?;
        }
        kept = kept.slice(0, keep.min(kept.num_rows()));
    }
    Ok((count, kept))
}

/// The rows of a batch in the order of its columns.
fn in_order(batch: &RecordBatch) -> Result<RecordBatch, DataFusionError> {
    let fields = batch.schema();
    let fields = fields.fields().iter();
    let fields = fields.map(|field| SortField::new(field.data_type().clone()));
    let converter = RowConverter::new(fields.collect())?;
    let rows = converter.convert_columns(batch.columns())?;
    let mut order: Vec<(usize, _)> = rows.iter().enumerate().collect();
    order.sort_by_key(|(_, row)| *row);
    let places = order.iter().map(|(at, _)| *at as u64);
    Ok(take_record_batch(
        batch,
        &UInt64Array::from_iter_values(places),
    )?)
}

/// One batch as a table.
pub(crate) fn memory(batch: RecordBatch) -> Result<Arc<MemTable>, DataFusionError> {
    Ok(Arc::new(MemTable::try_new(
        batch.schema(),
        vec![vec![batch]],
    )?))
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray as _;
    use arrow::datatypes::Int64Type;
    use datafusion::prelude::SessionContext;

    use super::*;

    /// The numbers of two partitions, whichever comes first.
    async fn sample(sql: &str, keep: usize) -> (u64, Vec<i64>) {
        let context = SessionContext::new();
        let frame = context.sql(sql).await.unwrap();
        let (count, batch) = count_and_sample(frame, keep).await.unwrap();
        let numbers = batch.column(0).as_primitive::<Int64Type>();
        (count, numbers.values().to_vec())
    }

    #[tokio::test]
    async fn the_first_rows_are_the_same_in_each_run() {
        let numbers = "SELECT n FROM (VALUES (5), (2)) AS a(n) UNION ALL SELECT n FROM (VALUES (4), (1)) AS b(n)";
        assert_eq!(sample(numbers, 3).await, (4, vec![1, 2, 4]));
        assert_eq!(sample(numbers, 9).await, (4, vec![1, 2, 4, 5]));
        let ordered = format!("SELECT * FROM ({numbers}) ORDER BY n DESC");
        assert_eq!(sample(&ordered, 2).await, (4, vec![5, 4]));
        let none = format!("SELECT * FROM ({numbers}) WHERE n > 5");
        assert_eq!(sample(&none, 2).await, (0, vec![]));
    }
}
