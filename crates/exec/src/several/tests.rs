//! Compared with DataFusion's own aggregation of the same rows.

use arrow::array::{ArrayRef, AsArray as _, Int64Array};
use arrow::datatypes::Int64Type;

use super::*;
use crate::runs::sample::{SHAPES, compared, table};

#[tokio::test]
async fn groups_with_several_rows_are_those_that_are_looked_up() {
    for (rows, run, size) in SHAPES {
        let table = Arc::new(table(rows, run, size));
        for sql in [
            "SELECT value, count(*) AS n FROM t GROUP BY value HAVING count(*) > 1",
            "SELECT greatest(share, 20.0) AS s, sum(number) AS n FROM t GROUP BY greatest(share, 20.0) HAVING count(*) >= 2",
            "SELECT value, number, min(share) AS s FROM t WHERE number > 1 GROUP BY value, number HAVING count(*) > 3 AND max(share) > 5",
        ] {
            let (plan, theirs) = compared(&table, sql).await;
            assert!(plan.contains("SeveralExec"), "{plan}");
            assert!(!theirs.contains("SeveralExec"), "{theirs}");
        }
    }
}

#[tokio::test]
async fn groups_with_one_row_may_be_asked_for() {
    let table = Arc::new(table(400, 3, 64));
    for sql in [
        "SELECT value FROM t GROUP BY value HAVING count(*) > 0",
        "SELECT value FROM t GROUP BY value HAVING count(*) < 30",
        "SELECT value FROM t GROUP BY value HAVING count(*) > 1 OR value > 2",
        "SELECT value, count(number) FROM t GROUP BY value HAVING sum(number) > 1",
        // Of rows that are left out, or without the value, one may be counted.
        "SELECT number FROM t GROUP BY number HAVING count(value) > 1",
        "SELECT value FROM t GROUP BY value HAVING count(*) FILTER (WHERE number > 1) > 1",
        "SELECT value FROM t GROUP BY value HAVING count(DISTINCT number) > 1",
        // These stand together already.
        "SELECT name FROM t GROUP BY name HAVING count(*) > 1",
    ] {
        let (plan, _) = compared(&table, sql).await;
        assert!(!plan.contains("SeveralExec"), "{plan}");
    }
}

/// The rows given of groups of `of(row)`, for more rows than are tried.
async fn given(of: impl Fn(i64) -> i64) -> Vec<i64> {
    let batches: Vec<RecordBatch> = (0..30)
        .map(|batch| {
            let numbers = (batch * 5_000..(batch + 1) * 5_000).map(&of);
            let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(numbers));
            RecordBatch::try_from_iter([("number", numbers)]).unwrap()
        })
        .collect();
    let schema = batches[0].schema();
    let input = stream::iter(batches.into_iter().map(Ok));
    let input = Box::pin(RecordBatchStreamAdapter::new(schema, input));
    let groups: Vec<Arc<dyn PhysicalExpr>> = vec![Arc::new(Column::new("number", 0))];
    let metrics = BaselineMetrics::new(&ExecutionPlanMetricsSet::new(), 0);
    let given = several(input, groups, metrics).await.unwrap();
    let given: Vec<RecordBatch> = given.try_collect().await.unwrap();
    let numbers = given.iter().map(|batch| batch.column(0));
    let numbers = numbers.flat_map(|column| column.as_primitive::<Int64Type>().values().to_vec());
    numbers.collect()
}

#[tokio::test]
async fn rows_alone_in_their_group_are_left_out() {
    // Every thousandth row has the number of the one before.
    let given = given(|row| if row % 1_000 == 999 { row - 1 } else { row }).await;
    let several = given.windows(2).filter(|pair| pair[0] == pair[1]).count();
    assert_eq!(several, 150);
    assert!(given.is_sorted());
    let alone = given.len() - 2 * several;
    assert!(alone < 150_000 / BITS, "{alone}");
}

#[tokio::test]
async fn where_most_rows_share_their_groups_all_are_given() {
    assert_eq!(given(|row| row / 2).await.len(), 150_000);
}
