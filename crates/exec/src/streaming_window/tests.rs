//! Compared with DataFusion's own windows over the same rows.

use std::sync::Arc;

use crate::runs::sample::{SHAPES, asked, compared, table};
use crate::testing::{Draw, SIZES, limited, ordered, random, same};

const IN_ORDER: [&str; 9] = [
    "SELECT name, number, value, row_number() OVER (PARTITION BY name, number ORDER BY value, share) AS place FROM t",
    "SELECT name, share, row_number() OVER (ORDER BY name, share DESC) AS place FROM t",
    "SELECT name, share, sum(value) OVER (PARTITION BY name) AS whole FROM t",
    "SELECT share, sum(value) OVER () AS whole FROM t",
    "SELECT name, value, share, sum(value) OVER (PARTITION BY name ORDER BY value, share ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS so_far FROM t",
    "SELECT name, value, share, sum(value) OVER (PARTITION BY name ORDER BY value, share ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS whole FROM t",
    "SELECT number, share, row_number() OVER (PARTITION BY number ORDER BY share) AS place, sum(value) OVER (PARTITION BY number) AS whole, sum(number) OVER (PARTITION BY number) AS numbers FROM t",
    "SELECT name, number, share, sum(value) OVER (PARTITION BY name, number) AS one, sum(value) OVER (PARTITION BY name) AS two, sum(nullif(value, value)) OVER (PARTITION BY name) AS three FROM t",
    "SELECT name, share, CAST(value AS DOUBLE) / nullif(sum(value) OVER (PARTITION BY name), 0) AS part FROM t WHERE value > 2",
];

#[tokio::test]
async fn numbers_and_sums_are_those_of_each_partition() {
    for (rows, run, size) in SHAPES {
        let table = Arc::new(table(rows, run, size));
        for sql in IN_ORDER {
            let (plan, _) = compared(&table, sql).await;
            assert!(plan.contains("StreamingWindowExec"), "{plan}");
            assert!(!plan.contains("WindowAggExec"), "{plan}");
        }
    }
}

#[tokio::test]
async fn what_is_no_number_and_no_sum_of_all_rows_is_left_as_it_is() {
    let table = Arc::new(table(400, 3, 64));
    for sql in [
        "SELECT share, sum(share) OVER (PARTITION BY name) AS whole FROM t",
        "SELECT share, lag(value) OVER (PARTITION BY name ORDER BY share) AS before FROM t",
        "SELECT share, rank() OVER (PARTITION BY name ORDER BY value) AS place FROM t",
        "SELECT share, sum(value) OVER (PARTITION BY name ORDER BY value) AS peers FROM t",
        "SELECT share, sum(value) OVER (PARTITION BY name ORDER BY share ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS two FROM t",
        "SELECT share, sum(value) OVER (PARTITION BY name ORDER BY share ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM t",
        "SELECT share, sum(value) FILTER (WHERE number > 1) OVER (PARTITION BY name) AS some FROM t",
        "SELECT share, sum(value) OVER (PARTITION BY name ORDER BY share ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS rest FROM t",
    ] {
        let (plan, _) = compared(&table, sql).await;
        assert!(!plan.contains("StreamingWindowExec"), "{plan}");
    }
}

/// Rows are given on as soon as their partition ends, in the order in which they came.
#[tokio::test]
async fn rows_stay_in_order() {
    let table = Arc::new(table(900, 7, 25));
    let sql = "SELECT name, number, share, sum(value) OVER (PARTITION BY name) AS whole FROM t";
    let (plan, rows) = asked(true, &table, &format!("{sql} ORDER BY name, number")).await;
    assert!(!plan.contains("Sort"), "{plan}");
    assert_eq!(rows, asked(false, &table, sql).await.1);
}

#[tokio::test]
async fn random_rows_in_batches_of_all_sizes() {
    let mut draw = Draw::new(9);
    for rows in [0, 1, 40, 300] {
        let rows = random(&mut draw, rows);
        for size in SIZES {
            for (by, partition) in [
                (&["few"][..], "few"),
                (&["number", "row"], "number"),
                (&["text", "few"], "text, few"),
                // Zeros of both signs are two partitions of ordered rows, for DataFusion as well.
                (&["fraction", "row"], "fraction"),
            ] {
                let table = ordered(&rows, by, size);
                for functions in [
                    "row_number() OVER (PARTITION BY {} ORDER BY row) AS place",
                    "sum(whole) OVER (PARTITION BY {}) AS sum",
                    "sum(number) OVER (PARTITION BY {}) AS sum, row_number() OVER (PARTITION BY {} ORDER BY row) AS place",
                    "sum(number) OVER (PARTITION BY {} ORDER BY row ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS so_far",
                ] {
                    let functions = functions.replace("{}", partition);
                    let sql = format!("SELECT row, list, {functions} FROM t");
                    same("StreamingWindowExec", size, &[("t", &table)], &sql).await;
                }
            }
        }
    }
}

/// Rows that wait for the sum over their partition count against the memory of
/// the session.
#[tokio::test]
async fn rows_that_wait_reserve_memory() {
    let mut draw = Draw::new(10);
    let rows = random(&mut draw, 3_000);
    let table = ordered(&rows, &["few"], 50);
    let sql = "SELECT row, text, sum(whole) OVER (PARTITION BY few) AS sum FROM t";
    let tables = [("t", &table)];
    assert_eq!(
        limited(&tables, sql, "StreamingWindowExec", 100_000_000).await,
        Ok(3_000)
    );
    let error = limited(&tables, sql, "StreamingWindowExec", 10_000)
        .await
        .unwrap_err();
    assert!(error.contains("StreamingWindowExec"), "{error}");
}
