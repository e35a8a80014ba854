//! Compared with DataFusion's own join of the same rows.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, ListArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Int32Type, Schema};
use arrow::util::pretty::pretty_format_batches;
use datafusion::datasource::MemTable;
use datafusion::physical_plan::displayable;
use datafusion::prelude::{SessionContext, ident};

use crate::rules::sample::session;

const KINDS: [&str; 3] = ["JOIN", "LEFT JOIN", "RIGHT JOIN"];

/// Rows in the order of `part` and `id`: each key as often as its turn in
/// `times` says, then as many nulls, in batches of uneven sizes.
fn table(times: &[usize], keys: usize, nulls: usize, sizes: &[usize]) -> MemTable {
    let repeated = (0..keys).zip(times.iter().cycle());
    let numbers: Vec<usize> = repeated.flat_map(|(key, n)| vec![key; *n]).collect();
    let known = numbers.iter().map(|key| Some(format!("{key:05}/model")));
    let ids: StringArray = known.chain(vec![None; nulls]).collect();
    let rows = numbers.len() + nulls;
    let parts = numbers.iter().map(|key| *key as i64 / 10);
    let parts = Int64Array::from_iter_values(parts.chain(vec![i64::MAX; nulls]));
    let places = Int64Array::from_iter_values(0..rows as i64);
    let lists = (0..rows).map(|row| (row % 3 > 0).then(|| vec![Some(row as i32); row % 4]));
    let lists = ListArray::from_iter_primitive::<Int32Type, _, _>(lists);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(parts),
        Arc::new(ids),
        Arc::new(places),
        Arc::new(lists),
    ];
    let schema = Arc::new(Schema::new(vec![
        Field::new("part", DataType::Int64, false),
        Field::new("id", DataType::Utf8, nulls > 0),
        Field::new("place", DataType::Int64, false),
        Field::new("list", columns[3].data_type().clone(), true),
    ]));
    let whole = RecordBatch::try_new(Arc::clone(&schema), columns).unwrap();
    let mut batches = Vec::new();
    let mut from = 0;
    for size in sizes.iter().cycle() {
        batches.push(whole.slice(from, (*size).min(rows - from)));
        from += size;
        if from >= rows {
            break;
        }
    }
    let order = ["part", "id"].map(|column| ident(column).sort(true, false));
    let table = MemTable::try_new(schema, vec![batches]).unwrap();
    table.with_sort_order(vec![order.to_vec()])
}

fn context(ours: bool, tables: &[(&str, &Arc<MemTable>)]) -> SessionContext {
    session(ours, 64, tables)
}

async fn asked(context: &SessionContext, sql: &str) -> (String, Vec<RecordBatch>) {
    let frame = context.sql(sql).await.unwrap();
    let plan = frame.clone().create_physical_plan().await.unwrap();
    let shown = displayable(plan.as_ref()).indent(false).to_string();
    (shown, frame.collect().await.unwrap())
}

/// All rows as text, in an order of their own.
fn rows(batches: &[RecordBatch]) -> Vec<String> {
    let text = pretty_format_batches(batches).unwrap().to_string();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

async fn compared(left: MemTable, right: MemTable) {
    let (left, right) = (Arc::new(left), Arc::new(right));
    let tables = [("l", &left), ("r", &right)];
    let (ours, theirs) = (context(true, &tables), context(false, &tables));
    for kind in KINDS {
        let sql = format!(
            "SELECT l.id, l.place, r.place AS other, l.list, r.list AS lists, r.part \
             FROM l {kind} r ON l.part = r.part AND l.id = r.id"
        );
        let (plan, merged) = asked(&ours, &sql).await;
        assert!(plan.contains("MergeJoinExec"), "{plan}");
        let (plan, hashed) = asked(&theirs, &sql).await;
        assert!(plan.contains("HashJoinExec"), "{plan}");
        assert_eq!(rows(&merged), rows(&hashed), "{kind}");
        // In the order that the plan says, so that no sort is needed.
        let leading = if kind == "LEFT JOIN" { "l" } else { "r" };
        let (plan, _) = asked(
            &ours,
            &format!("{sql} ORDER BY {leading}.part, {leading}.id"),
        )
        .await;
        assert!(!plan.contains("Sort"), "{plan}");
    }
}

#[tokio::test]
async fn one_to_one() {
    compared(table(&[1], 1_000, 0, &[64]), table(&[1], 1_000, 0, &[64])).await;
}

#[tokio::test]
async fn batches_that_begin_elsewhere_and_keys_that_are_missing() {
    compared(
        table(&[1, 0, 1, 1], 900, 0, &[64, 1, 0, 200]),
        table(&[1, 1, 0], 1_100, 0, &[17, 0, 80]),
    )
    .await;
}

#[tokio::test]
async fn several_rows_of_a_key_on_both_sides_and_across_batches() {
    compared(
        table(&[1, 3, 0, 40, 2], 120, 0, &[7, 0, 64, 5]),
        table(&[2, 5, 1, 30], 130, 0, &[11, 3, 64]),
    )
    .await;
}

#[tokio::test]
async fn nulls_match_nothing() {
    compared(table(&[2, 0, 1], 300, 9, &[50]), table(&[1], 200, 0, &[64])).await;
    compared(table(&[1], 200, 0, &[64]), table(&[2, 0, 1], 300, 9, &[50])).await;
}

#[tokio::test]
async fn a_side_without_rows() {
    compared(table(&[1], 50, 0, &[64]), table(&[0], 10, 0, &[64])).await;
    compared(table(&[0], 10, 0, &[64]), table(&[1], 50, 0, &[64])).await;
}

#[tokio::test]
async fn several_ordered_streams_are_one_side() {
    let (left, right) = (
        Arc::new(table(&[1, 2], 200, 0, &[64])),
        Arc::new(table(&[1, 0, 3], 250, 0, &[31])),
    );
    let tables = [("l", &left), ("r", &right)];
    for kind in KINDS {
        let sql = format!(
            "SELECT l.id, l.place, u.place AS other, u.half FROM l {kind} \
             (SELECT *, 1 AS half FROM r WHERE place < 90 UNION ALL SELECT *, 2 AS half FROM r) u \
             ON l.part = u.part AND l.id = u.id"
        );
        let (plan, merged) = asked(&context(true, &tables), &sql).await;
        assert!(plan.contains("MergeJoinExec"), "{plan}");
        let (_, hashed) = asked(&context(false, &tables), &sql).await;
        assert_eq!(rows(&merged), rows(&hashed), "{kind}");
    }
}

#[tokio::test]
async fn what_is_in_no_order_is_not_walked() {
    let ordered = Arc::new(table(&[1], 100, 0, &[64]));
    let both_nullable = Arc::new(table(&[1], 100, 3, &[64]));
    let context = context(
        true,
        &[("l", &ordered), ("r", &ordered), ("n", &both_nullable)],
    );
    for sql in [
        // The id alone orders neither side.
        "SELECT l.place FROM l JOIN r ON l.id = r.id",
        // A null of one side must not meet one of the other.
        "SELECT a.place FROM n a JOIN n b ON a.part = b.part AND a.id = b.id",
        "SELECT l.place FROM l FULL JOIN r ON l.part = r.part AND l.id = r.id",
    ] {
        let (plan, _) = asked(&context, sql).await;
        assert!(!plan.contains("MergeJoinExec"), "{plan}");
    }
}
