//! Compared with DataFusion's own sort of the same rows.

use std::sync::Arc;

use crate::runs::sample::{asked, table};
use crate::testing::{Draw, SIZES, both, limited, ordered, random};

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

#[tokio::test]
async fn random_rows_in_batches_of_all_sizes() {
    let mut draw = Draw::new(11);
    for rows in [0, 1, 40, 300] {
        let rows = random(&mut draw, rows);
        for size in SIZES {
            for by in [&[][..], &["few"], &["number", "few"]] {
                let table = ordered(&rows, by, size);
                for order in [
                    "fraction",
                    "fraction DESC NULLS LAST, text",
                    "few, fraction NULLS FIRST, whole DESC",
                    "number, text DESC, list",
                    "list, few",
                ] {
                    let sql = format!("SELECT * FROM t ORDER BY {order}");
                    let found = both(size, &[("t", &table)], &format!("{sql}, row")).await;
                    assert!(found.plan.contains("RankSortExec"), "{}", found.plan);
                    assert!(
                        found.rows == found.expected,
                        "{sql}, {by:?}, batches of {size}"
                    );
                    // Equal rows keep their order.
                    let stable = both(size, &[("t", &table)], &sql).await.rows;
                    assert!(stable == found.rows, "{sql}, {by:?}, batches of {size}");
                }
            }
        }
    }
}

/// All rows count against the memory of the session, or those of a segment.
#[tokio::test]
async fn rows_reserve_memory() {
    let mut draw = Draw::new(12);
    let rows = random(&mut draw, 3_000);
    let (all, segments) = (ordered(&rows, &[], 50), ordered(&rows, &["whole"], 50));
    let bytes = 100_000_000;
    for table in [&all, &segments] {
        let sql = "SELECT row, whole, text FROM t ORDER BY whole, text";
        assert_eq!(
            limited(&[("t", table)], sql, "RankSortExec", bytes).await,
            Ok(3_000)
        );
        let error = limited(&[("t", table)], sql, "RankSortExec", 10_000)
            .await
            .unwrap_err();
        assert!(error.contains("RankSortExec"), "{error}");
    }
}
