//! Compared with DataFusion's own join of the same rows.

use std::sync::Arc;

use crate::testing::{Both, Draw, SIZES, both, limited, ordered, random, same, session, shown};
use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch};
use datafusion::datasource::MemTable;

/// The numbers of the rows that were joined, of the first table and of the
/// second; a row without a match comes before all.
fn pairs(rows: &[String]) -> Vec<(i64, i64)> {
    let number = |text: &str| text.parse().unwrap_or(-1);
    rows.iter()
        .map(|row| {
            let mut numbers = row.split(" | ").map(number);
            (numbers.next().unwrap(), numbers.next().unwrap())
        })
        .collect()
}

/// Joined rows are those of DataFusion, in the order of the side that is
/// streamed and then of the other.
async fn joined(l: &Arc<MemTable>, r: &Arc<MemTable>, size: usize, on: &str) {
    for (kind, may_be_left, may_be_right) in [
        ("JOIN", true, true),
        ("LEFT JOIN", true, false),
        ("RIGHT JOIN", false, true),
    ] {
        let sql = format!(
            "SELECT l.row, r.row AS other, l.list, r.list AS lists, r.text FROM l {kind} r ON {on}"
        );
        let Both {
            plan,
            rows,
            expected,
        } = both(size, &[("l", l), ("r", r)], &sql).await;
        assert!(plan.contains("MergeJoinExec"), "{sql}\n{plan}");
        let found = pairs(&rows);
        let in_order = (may_be_left && found.is_sorted())
            || (may_be_right && found.is_sorted_by_key(|(left, right)| (*right, *left)));
        assert!(in_order, "{sql}, batches of {size}\n{plan}");
        let sorted = |mut rows: Vec<String>| {
            rows.sort();
            rows
        };
        let (found, expected) = (sorted(rows), sorted(expected));
        assert!(found == expected, "{sql}, batches of {size}\n{plan}");
    }
}

#[tokio::test]
async fn random_rows_in_batches_of_all_sizes() {
    let mut draw = Draw::new(1);
    for (left, right) in [(0, 9), (9, 0), (1, 1), (30, 40), (90, 25), (300, 300)] {
        let (left, right) = (random(&mut draw, left), random(&mut draw, right));
        for size in SIZES {
            // The one side in batches of another size than the other.
            let other = SIZES[draw.below(SIZES.len())];
            for (by, on) in [
                (&["whole"][..], "l.whole = r.whole"),
                (&["number"], "l.number = r.number"),
                (&["text", "row"], "l.text = r.text"),
                (&["fraction"], "l.fraction = r.fraction"),
                (&["few", "number"], "l.few = r.few AND l.number = r.number"),
                (
                    &["whole", "text", "fraction"],
                    "l.whole = r.whole AND l.text = r.text AND l.fraction = r.fraction",
                ),
            ] {
                let (l, r) = (ordered(&left, by, size), ordered(&right, by, other));
                joined(&l, &r, size, on).await;
            }
        }
    }
}

#[tokio::test]
async fn zeros_of_both_signs_are_equal_and_nan_is_itself() {
    let table = |values: &[Option<f64>]| {
        let columns: [(&str, ArrayRef); 2] = [
            (
                "row",
                Arc::new(Int64Array::from_iter_values(0..values.len() as i64)),
            ),
            ("key", Arc::new(Float64Array::from(values.to_vec()))),
        ];
        let columns = columns.map(|(name, column)| (name, column, name == "key"));
        let rows = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
        ordered(&rows, &["key"], 2)
    };
    let l = table(&[Some(-0.0), Some(0.0), Some(1.0), Some(f64::NAN), None]);
    let r = table(&[Some(-1.0), Some(0.0), Some(f64::NAN), None]);
    let sql = "SELECT l.row, r.row AS other FROM l LEFT JOIN r ON l.key = r.key";
    let Both {
        plan,
        rows,
        expected,
    } = both(64, &[("l", &l), ("r", &r)], sql).await;
    assert!(plan.contains("MergeJoinExec"), "{plan}");
    assert_eq!(rows, ["0 | 1", "1 | 1", "2 | -", "3 | 2", "4 | -"]);
    let mut expected = expected;
    expected.sort();
    assert_eq!(rows, expected);
}

#[tokio::test]
async fn several_ordered_partitions_are_one_side() {
    let mut draw = Draw::new(2);
    let (left, right) = (random(&mut draw, 200), random(&mut draw, 150));
    let (l, r) = (
        ordered(&left, &["whole"], 64),
        ordered(&right, &["whole"], 31),
    );
    for kind in ["JOIN", "LEFT JOIN", "RIGHT JOIN"] {
        let sql = format!(
            "SELECT l.row, u.row AS other, u.half FROM l {kind} (SELECT *, 1 AS half FROM r \
             WHERE row < 90 UNION ALL SELECT *, 2 AS half FROM r) u ON l.whole = u.whole"
        );
        same("MergeJoinExec", 64, &[("l", &l), ("r", &r)], &sql).await;
    }
}

#[tokio::test]
async fn what_is_no_merge() {
    let mut draw = Draw::new(3);
    let rows = random(&mut draw, 60);
    let tables = [
        ordered(&rows, &["few", "number"], 64),
        ordered(&rows, &["fraction", "number"], 64),
    ];
    let context = session(true, 64, &[("t", &tables[0]), ("f", &tables[1])]);
    for sql in [
        // The second column alone orders neither side.
        "SELECT a.row FROM t a JOIN t b ON a.number = b.number",
        "SELECT a.row FROM t a FULL JOIN t b ON a.few = b.few AND a.number = b.number",
        "SELECT a.row FROM t a JOIN t b ON a.few IS NOT DISTINCT FROM b.few",
        // Zeros of both signs are equal, and come one after the other, whatever follows.
        "SELECT a.row FROM f a JOIN f b ON a.fraction = b.fraction AND a.number = b.number",
    ] {
        let plan = context.sql(sql).await.unwrap();
        let plan = shown(&plan.create_physical_plan().await.unwrap());
        assert!(!plan.contains("MergeJoinExec"), "{plan}");
    }
}

/// A pair of tables of `rows` rows with wide texts, in batches of ten.
fn wide(rows: i64, key: impl Fn(i64) -> i64) -> Arc<MemTable> {
    let texts = (0..rows).map(|_| "x".repeat(1_000));
    let columns: [(&str, ArrayRef); 3] = [
        ("row", Arc::new(Int64Array::from_iter_values(0..rows))),
        (
            "key",
            Arc::new(Int64Array::from_iter_values((0..rows).map(key))),
        ),
        (
            "text",
            Arc::new(arrow::array::StringArray::from_iter_values(texts)),
        ),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    // Not slices of one large batch, whose memory counts as a whole.
    let batches: Vec<RecordBatch> = (0..rows as usize)
        .step_by(10)
        .map(|from| {
            let indices: arrow::array::UInt64Array = (from as u64
                ..(from as u64 + 10).min(rows as u64))
                .collect::<Vec<_>>()
                .into();
            arrow::compute::take_record_batch(&batch, &indices).unwrap()
        })
        .collect();
    let order = vec![vec![datafusion::prelude::ident("key").sort(true, false)]];
    let table = MemTable::try_new(batch.schema(), vec![batches]).unwrap();
    Arc::new(table.with_sort_order(order))
}

const WIDE: &str = "SELECT l.row, r.row AS other, r.text FROM l LEFT JOIN r ON l.key = r.key";

/// Every tenth row matches, so that each buffered batch has a row of the batch
/// that is put together: they are not all kept for it.
#[tokio::test]
async fn no_more_is_buffered_than_some_batches_and_the_rows_of_a_key() {
    let (l, r) = (wide(1_000, |row| row * 10), wide(10_000, |row| row));
    // A thousand batches of ten thousand bytes.
    let tables = [("l", &l), ("r", &r)];
    assert_eq!(
        limited(&tables, WIDE, "MergeJoinExec", 300_000).await,
        Ok(1_000)
    );
    // All rows of one key are needed at once.
    let (l, r) = (wide(3, |_| 7), wide(1_000, |_| 7));
    let tables = [("l", &l), ("r", &r)];
    let error = limited(&tables, WIDE, "MergeJoinExec", 300_000)
        .await
        .unwrap_err();
    assert!(error.contains("MergeJoinExec"), "{error}");
    assert_eq!(
        limited(&tables, WIDE, "MergeJoinExec", 3_000_000).await,
        Ok(3_000)
    );
}
