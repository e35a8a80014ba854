//! Rows in runs, queried with this crate's rules and without them.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::util::pretty::pretty_format_batches;
use datafusion::datasource::MemTable;
use datafusion::physical_plan::displayable;
use datafusion::prelude::ident;

use crate::testing::session;

/// Rows in the order of `name` (nulls last) and `number`, some `run` of each
/// pair, in batches of `size`.
pub(crate) fn table(rows: usize, run: usize, size: usize) -> MemTable {
    // From a third before the end on, the names are unknown.
    let known = rows * 2 / 3;
    let names = (0..rows).map(|row| (row < known).then(|| format!("{:06}", row / run / 5)));
    let numbers = (0..rows).map(|row| {
        if row < known {
            row / run % 5
        } else {
            row / run
        }
    });
    let numbers = numbers.map(|number| number as i64);
    let values = (0..rows).map(|row| (row % 7 > 0).then_some((row * 31 % 17) as i64));
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("name", Arc::new(names.collect::<StringArray>())),
        ("number", Arc::new(Int64Array::from_iter_values(numbers))),
        ("value", Arc::new(values.collect::<Int64Array>())),
        (
            "share",
            Arc::new(Float64Array::from_iter_values(
                (0..rows).map(|row| row as f64 / 3.0),
            )),
        ),
    ];
    let whole = RecordBatch::try_from_iter(columns).unwrap();
    let starts = (0..rows.max(1)).step_by(size);
    let batches = starts.map(|from| whole.slice(from, size.min(rows - from)));
    let mut batches: Vec<RecordBatch> = batches.collect();
    batches.insert(batches.len() / 2, whole.slice(0, 0));
    let order = ["name", "number"].map(|column| ident(column).sort(true, false));
    let table = MemTable::try_new(whole.schema(), vec![batches]).unwrap();
    table.with_sort_order(vec![order.to_vec()])
}

/// The plan, and the rows as they come, by the engine's rules or by DataFusion's alone.
pub(crate) async fn asked(ours: bool, table: &Arc<MemTable>, sql: &str) -> (String, Vec<String>) {
    let context = session(ours, 50, &[("t", table)]);
    let frame = context.sql(sql).await.unwrap();
    let plan = frame.clone().create_physical_plan().await.unwrap();
    let rows = pretty_format_batches(&frame.collect().await.unwrap()).unwrap();
    let rows: Vec<String> = rows.to_string().lines().map(str::to_owned).collect();
    (displayable(plan.as_ref()).indent(false).to_string(), rows)
}

/// Rows, the length of runs, and the size of batches: none, one, and runs that
/// are shorter and longer than a batch.
pub(crate) const SHAPES: [(usize, usize, usize); 6] = [
    (0, 1, 10),
    (1, 1, 10),
    (500, 1, 37),
    (500, 3, 50),
    (700, 40, 16),
    (300, 300, 64),
];

/// Gives the plans by the engine's rules and without them, once it is seen that
/// both come to the same rows.
pub(crate) async fn compared(table: &Arc<MemTable>, sql: &str) -> (String, String) {
    let (ours, mut rows) = asked(true, table, sql).await;
    let (theirs, mut expected) = asked(false, table, sql).await;
    rows.sort();
    expected.sort();
    assert!(rows == expected, "{sql}\n{ours}");
    (ours, theirs)
}
