//! Compared with DataFusion's own sort of the same rows.

use std::sync::Arc;

use crate::runs::sample::{asked, table};

/// Runs of one row, of many, and of more than a part has, in batches of all sizes.
const SHAPES: [(usize, usize, usize); 6] = [
    (0, 1, 10),
    (1, 1, 10),
    (5_000, 1, 37),
    (5_000, 3, 50),
    (6_000, 90, 16),
    (9_000, 3_000, 640),
];

#[tokio::test]
async fn rows_in_the_order_of_the_first_columns_are_sorted_part_by_part() {
    for (rows, run, size) in SHAPES {
        let table = Arc::new(table(rows, run, size));
        for (order, columns) in [
            ("name, share DESC", 1),
            ("name, number, value, share", 2),
            ("name, value NULLS FIRST, number, share", 1),
        ] {
            let sql = format!("SELECT * FROM t ORDER BY {order}");
            let (plan, ours) = asked(true, &table, &sql).await;
            let part = format!("in the order of the first {columns}");
            assert!(
                plan.contains("RankSortExec") && plan.contains(&part),
                "{plan}"
            );
            assert!(
                ours == asked(false, &table, &sql).await.1,
                "{sql} of {rows}"
            );
        }
    }
}

#[tokio::test]
async fn equal_rows_stay_as_they_came() {
    for (rows, run, size) in SHAPES {
        let table = Arc::new(table(rows, run, size));
        let (_, ours) = asked(true, &table, "SELECT * FROM t ORDER BY name, value").await;
        let all = "SELECT * FROM t ORDER BY name, value, share";
        assert!(ours == asked(false, &table, all).await.1, "{rows}");
    }
}

#[tokio::test]
async fn rows_in_another_order_are_sorted_as_a_whole() {
    let table = Arc::new(table(5_000, 3, 50));
    for order in ["share DESC", "number, name, share", "name DESC, share"] {
        let sql = format!("SELECT * FROM t ORDER BY {order}");
        let (plan, ours) = asked(true, &table, &sql).await;
        assert!(
            plan.contains("RankSortExec") && !plan.contains("of the first"),
            "{plan}"
        );
        assert!(ours == asked(false, &table, &sql).await.1, "{sql}");
    }
}
