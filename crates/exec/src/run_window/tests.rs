//! Compared with DataFusion's own windows over the same rows.

use std::sync::Arc;

use crate::runs::sample::{SHAPES, asked, compared, table};

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
            assert!(plan.contains("RunWindowExec"), "{plan}");
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
        assert!(!plan.contains("RunWindowExec"), "{plan}");
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
