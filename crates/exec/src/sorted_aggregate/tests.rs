//! Compared with DataFusion's own aggregation of the same rows.

use std::sync::Arc;

use crate::runs::sample::{SHAPES, asked, compared, table};
use crate::testing::{Draw, SIZES, both, limited, ordered, random, same};

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
    for (rows, run, size) in SHAPES {
        let table = Arc::new(table(rows, run, size));
        for sql in IN_ORDER {
            let (plan, hashed) = compared(&table, sql).await;
            assert!(plan.contains("SortedAggregateExec"), "{plan}");
            assert!(!hashed.contains("SortedAggregateExec"), "{hashed}");
        }
    }
}

#[tokio::test]
async fn groups_in_no_order_are_looked_up() {
    let table = Arc::new(table(400, 3, 64));
    for sql in [
        "SELECT number, count(*) FROM t GROUP BY number",
        "SELECT count(*) FROM t",
    ] {
        let (plan, _) = compared(&table, sql).await;
        assert!(!plan.contains("SortedAggregateExec"), "{plan}");
    }
}

/// Few rows of one name are compared with one another, many are looked up.
#[tokio::test]
async fn groups_in_the_order_of_some_values() {
    let more = [(900, 6, 7), (900, 6, 400), (2_000, 40, 900)];
    for (rows, run, size) in SHAPES.into_iter().chain(more) {
        let table = Arc::new(table(rows, run, size));
        for sql in [
            "SELECT name, value, count(*), sum(share), max(number) FROM t GROUP BY name, value",
            "SELECT value, name, number, count(*) FILTER (WHERE share > 9) AS some FROM t GROUP BY value, name, number",
            "SELECT DISTINCT name, value FROM t WHERE value > 2",
            "SELECT name, value, first_value(share ORDER BY share DESC) AS last FROM t GROUP BY name, value HAVING count(*) > 1",
        ] {
            let (plan, _) = compared(&table, sql).await;
            assert!(plan.contains("SortedAggregateExec"), "{plan}");
        }
    }
}

#[tokio::test]
async fn groups_come_in_the_order_of_their_runs() {
    for run in [2, 90] {
        let table = Arc::new(table(3_000, run, 64));
        let sql = "SELECT name, value, sum(share) FROM t GROUP BY name, value ORDER BY name";
        let (plan, rows) = asked(true, &table, sql).await;
        assert!(
            plan.contains("SortedAggregateExec") && !plan.contains("SortExec"),
            "{plan}"
        );
        let names: Vec<&str> = rows
            .iter()
            .filter_map(|row| row.split('|').nth(1))
            .skip(1)
            .collect();
        // Spaces, for no name, come last.
        let known: Vec<&str> = names
            .iter()
            .copied()
            .filter(|name| !name.trim().is_empty())
            .collect();
        assert!(known.is_sorted() && names.starts_with(&known), "{names:?}");
    }
}

#[tokio::test]
async fn several_streams_are_merged_and_grouped_once() {
    let table = Arc::new(table(900, 3, 64));
    let both = "(SELECT * FROM t UNION ALL SELECT * FROM t WHERE value > 3)";
    for sql in [
        format!("SELECT name, count(*), sum(value), max(share) FROM {both} GROUP BY name"),
        format!(
            "SELECT value, name, sum(number) FILTER (WHERE share > 90) AS some FROM {both} GROUP BY value, name"
        ),
        format!("SELECT DISTINCT name, number FROM {both}"),
    ] {
        let (plan, twice) = compared(&table, &sql).await;
        assert!(
            plan.contains("SortedAggregateExec") && !plan.contains("Partial"),
            "{plan}"
        );
        assert!(twice.contains("mode=Partial"), "{twice}");
    }
}

#[tokio::test]
async fn random_rows_in_batches_of_all_sizes() {
    let mut draw = Draw::new(6);
    for rows in [0, 1, 40, 300] {
        let rows = random(&mut draw, rows);
        for size in SIZES {
            for (by, groups) in [
                (&["few", "text"][..], "few, text"),
                (&["number"], "number"),
                (&["whole", "few", "row"], "few, whole"),
                (&["few"], "few, number"),
                (&["text"], "number, text, few"),
            ] {
                let table = ordered(&rows, by, size);
                let sql = format!(
                    "SELECT {groups}, count(*) AS n, sum(whole) AS sum, min(fraction) AS least, \
                     max(text) AS last, count(number) FILTER (WHERE whole > 3) AS some, \
                     first_value(row ORDER BY whole DESC, row) AS first \
                     FROM t GROUP BY {groups}"
                );
                same("SortedAggregateExec", size, &[("t", &table)], &sql).await;
            }
        }
    }
}

/// Zeros of both signs are one group, which is not one run.
#[tokio::test]
async fn groups_of_fractions_are_left_as_they_are() {
    let mut draw = Draw::new(7);
    let rows = random(&mut draw, 90);
    for by in [
        &["fraction"][..],
        &["fraction", "few"],
        &["few", "fraction"],
    ] {
        let table = ordered(&rows, by, 7);
        let sql = "SELECT few, fraction, count(*) AS n FROM t GROUP BY few, fraction";
        let found = both(7, &[("t", &table)], sql).await;
        assert!(
            !found.plan.contains("SortedAggregateExec"),
            "{}",
            found.plan
        );
        let sql = "SELECT fraction, count(*) AS n FROM t GROUP BY fraction ORDER BY fraction";
        let zeros = |row: &&String| row.starts_with("0.0 ") || row.starts_with("-0.0 ");
        let found = both(7, &[("t", &table)], sql).await;
        assert_eq!(
            found.rows.iter().filter(zeros).count(),
            1,
            "{:?}",
            found.rows
        );
        assert_eq!(found.rows, found.expected);
    }
}

/// The state of groups counts against the memory of the session.
#[tokio::test]
async fn groups_reserve_memory() {
    let mut draw = Draw::new(8);
    let rows = random(&mut draw, 3_000);
    let table = ordered(&rows, &["row"], 8_192);
    let sql = "SELECT row, max(text) AS last FROM t GROUP BY row";
    let tables = [("t", &table)];
    assert_eq!(
        limited(&tables, sql, "SortedAggregateExec", 10_000_000).await,
        Ok(3_000)
    );
    let error = limited(&tables, sql, "SortedAggregateExec", 10_000)
        .await
        .unwrap_err();
    assert!(error.contains("SortedAggregateExec"), "{error}");
}
