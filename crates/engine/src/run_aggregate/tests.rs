//! Compared with DataFusion's own aggregation of the same rows.

use std::sync::Arc;

use crate::runs::sample::{asked, table};

const IN_ORDER: [&str; 6] = [
    "SELECT name, number, count(*), sum(value), min(value), max(share) FROM t GROUP BY name, number",
    "SELECT number, name, count(value) FILTER (WHERE value > 3) AS some FROM t GROUP BY number, name",
    "SELECT name, sum(share), avg(value), min(name) AS same FROM t GROUP BY name",
    "SELECT name FROM t GROUP BY name",
    "SELECT name, first_value(value ORDER BY share DESC) AS last, first_value(share ORDER BY value DESC, share) AS most FROM t GROUP BY name",
    "SELECT name, count(*) AS n FROM t WHERE value > 2 GROUP BY name HAVING count(*) > 1 ORDER BY name LIMIT 7",
];

#[tokio::test]
async fn groups_are_those_that_are_looked_up() {
    for (rows, run, size) in [
        (0, 1, 10),
        (1, 1, 10),
        (500, 1, 37),
        (500, 3, 50),
        (700, 40, 16),
        (300, 300, 64),
    ] {
        let table = Arc::new(table(rows, run, size));
        for sql in IN_ORDER {
            let (plan, mut runs) = asked(true, &table, sql).await;
            assert!(plan.contains("RunAggregateExec"), "{plan}");
            let (plan, mut hashed) = asked(false, &table, sql).await;
            assert!(
                plan.contains(" AggregateExec") || plan.starts_with("AggregateExec"),
                "{plan}"
            );
            runs.sort();
            hashed.sort();
            assert!(runs == hashed, "{sql} of {rows}");
        }
    }
}

#[tokio::test]
async fn groups_in_no_order_are_looked_up() {
    let table = Arc::new(table(400, 3, 64));
    for sql in [
        "SELECT number, count(*) FROM t GROUP BY number",
        "SELECT name, value, count(*) FROM t GROUP BY name, value",
        "SELECT count(*) FROM t",
    ] {
        let (plan, mut rows) = asked(true, &table, sql).await;
        assert!(!plan.contains("RunAggregateExec"), "{plan}");
        let (_, mut hashed) = asked(false, &table, sql).await;
        rows.sort();
        hashed.sort();
        assert_eq!(rows, hashed);
    }
}
