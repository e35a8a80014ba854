//! Rows that repeat on both sides of a join, asked for in the order of the
//! probe side and then of the build side.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use arrow::util::pretty::pretty_format_batches;
use datafusion::datasource::MemTable;
use datafusion::physical_plan::displayable;
use datafusion::prelude::ident;

use crate::testing::session;

/// Keys and numbers, in the order of both.
fn table(rows: &[(i64, i64)]) -> Arc<MemTable> {
    let keys = Int64Array::from_iter_values(rows.iter().map(|row| row.0));
    let numbers = Int64Array::from_iter_values(rows.iter().map(|row| row.1));
    let columns: [(&str, ArrayRef); 2] = [("key", Arc::new(keys)), ("number", Arc::new(numbers))];
    let rows = RecordBatch::try_from_iter(columns).unwrap();
    let order = ["key", "number"].map(|column| ident(column).sort(true, false));
    let table = MemTable::try_new(rows.schema(), vec![vec![rows]]).unwrap();
    Arc::new(table.with_sort_order(vec![order.to_vec()]))
}

/// The plan, and the rows as they come.
async fn asked(sql: &str) -> (String, Vec<String>) {
    let build = table(&[(1, 10), (1, 20), (2, 30)]);
    let probe = table(&[(1, 1), (1, 1), (2, 5), (2, 6), (3, 7), (3, 7), (3, 7)]);
    let context = session(true, 64, &[("b", &build), ("p", &probe)]);
    let frame = context.sql(sql).await.unwrap();
    let plan = frame.clone().create_physical_plan().await.unwrap();
    let rows = pretty_format_batches(&frame.collect().await.unwrap()).unwrap();
    let rows = rows.to_string();
    let rows = rows.lines().filter(|line| line.starts_with('|')).skip(1);
    let values = |row: &str| {
        row.replace('|', " ")
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    let rows = rows.map(values).collect();
    (displayable(plan.as_ref()).indent(false).to_string(), rows)
}

/// Every way of relying on an order, over a join that is hashed (the filter
/// keeps it so) and over one that may be merged or looked up.
#[tokio::test]
async fn matches_that_repeat_are_in_no_order_of_the_build_side() {
    for filter in ["", "AND b.number + p.number > 0"] {
        let join = format!("b JOIN p ON p.key = b.key {filter}");
        for (sql, expected) in [
            (
                format!(
                    "SELECT p.key, p.number, b.number AS other FROM {join} \
                         ORDER BY p.key, p.number, b.number"
                ),
                vec!["1 1 10", "1 1 10", "1 1 20", "1 1 20", "2 5 30", "2 6 30"],
            ),
            (
                format!(
                    "SELECT p.key, p.number, b.number AS other, count(*) AS n FROM {join} \
                         GROUP BY p.key, p.number, b.number ORDER BY p.key, other, p.number"
                ),
                vec!["1 1 10 2", "1 1 20 2", "2 5 30 1", "2 6 30 1"],
            ),
            (
                format!(
                    "SELECT p.key, array_agg(b.number ORDER BY p.number, b.number) AS all FROM {join} \
                         GROUP BY p.key ORDER BY p.key"
                ),
                vec!["1 [10, 10, 20, 20]", "2 [30, 30]"],
            ),
            (
                format!(
                    "SELECT p.key, b.number AS other, row_number() OVER \
                         (PARTITION BY p.key, p.number ORDER BY b.number) AS place FROM {join} ORDER BY p.key, p.number, place"
                ),
                vec!["1 10 1", "1 10 2", "1 20 3", "1 20 4", "2 30 1", "2 30 1"],
            ),
            (
                format!(
                    "SELECT other FROM (SELECT p.key, p.number, b.number AS other FROM {join} \
                         ORDER BY p.key, p.number, b.number LIMIT 3) ORDER BY other"
                ),
                vec!["10", "10", "20"],
            ),
        ] {
            let (plan, rows) = asked(&sql).await;
            assert_eq!(rows, expected, "{sql}\n{plan}");
        }
    }
}

/// Unmatched rows of the probe side have nulls, which repeat as well.
#[tokio::test]
async fn an_outer_join_is_in_the_order_of_its_probe_side_alone() {
    let join = "p LEFT JOIN b ON p.key = b.key AND b.number + p.number > 0";
    let sql = format!(
        "SELECT p.key, p.number, coalesce(b.number, 0) AS other FROM {join} \
         ORDER BY p.key, p.number, b.number"
    );
    let (plan, rows) = asked(&sql).await;
    let expected = [
        "1 1 10", "1 1 10", "1 1 20", "1 1 20", "2 5 30", "2 6 30", "3 7 0", "3 7 0", "3 7 0",
    ];
    assert_eq!(rows, expected, "{plan}");
}

#[tokio::test]
async fn the_order_of_the_probe_side_alone_needs_no_sort() {
    let sql = "SELECT p.key, p.number, b.number AS other FROM b JOIN p ON p.key = b.key \
               AND b.number + p.number > 0 ORDER BY p.key, p.number";
    let (plan, rows) = asked(sql).await;
    assert!(
        plan.contains("HashJoinExec") && !plan.contains("Sort"),
        "{plan}"
    );
    assert_eq!(rows.len(), 6);
}
