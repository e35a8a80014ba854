use arrow::array::{ArrayRef, Int64Array, StringArray};
use datafusion::logical_expr::{col, lit};
use datafusion::prelude::SessionContext;

use super::*;

fn batch(ids: &[&str], downloads: &[Option<i64>]) -> RecordBatch {
    let ids: ArrayRef = Arc::new(StringArray::from(ids.to_vec()));
    let downloads: ArrayRef = Arc::new(Int64Array::from(downloads.to_vec()));
    RecordBatch::try_from_iter_with_nullable([("id", ids, false), ("downloads", downloads, true)])
        .unwrap()
}

fn context() -> (SessionContext, DFSchema) {
    let context = SessionContext::new();
    let rows = batch(&[], &[]);
    let columns = DFSchema::try_from(rows.schema()).unwrap();
    context.register_batch("models", rows).unwrap();
    (context, columns)
}

async fn condition(sql: &str) -> Option<String> {
    let (context, columns) = context();
    let plan = context.state().create_logical_plan(sql).await.unwrap();
    let condition = super::condition(&plan)?.clone();
    let condition = of_columns(&context.state(), condition, &columns).unwrap();
    Some(condition.to_string())
}

#[tokio::test]
async fn a_query_that_looks_at_each_row_is_its_condition() {
    for sql in [
        "SELECT id FROM models WHERE downloads < 0",
        "SELECT m.id, m.downloads + 1 AS one_more FROM models m WHERE m.downloads < 0",
        "SELECT one_more FROM (SELECT downloads + 1 AS one_more FROM models WHERE downloads < 0)",
    ] {
        assert_eq!(
            condition(sql).await.as_deref(),
            Some("downloads@1 < 0"),
            "{sql}"
        );
    }
}

#[tokio::test]
async fn a_query_that_asks_more_is_none() {
    for sql in [
        "SELECT id FROM models",
        "SELECT DISTINCT id FROM models WHERE downloads < 0",
        "SELECT id FROM models WHERE downloads < 0 LIMIT 3",
        "SELECT id FROM models WHERE downloads < 0 GROUP BY id",
        "SELECT id, row_number() OVER (ORDER BY id) FROM models WHERE downloads < 0",
        "SELECT id FROM models WHERE downloads < (SELECT max(downloads) FROM models)",
        "SELECT id FROM models m WHERE EXISTS (SELECT 1 FROM models o WHERE o.id = m.id)",
        "SELECT id FROM models WHERE random() < 0.5",
        "SELECT id FROM (SELECT id, downloads + 1 AS downloads FROM models) WHERE downloads < 0",
        "SELECT a.id FROM models a JOIN models b ON a.id = b.id WHERE a.downloads < 0",
        "SELECT id FROM models WHERE downloads < 0 UNION ALL SELECT id FROM models WHERE downloads > 9",
    ] {
        assert_eq!(condition(sql).await, None, "{sql}");
    }
}

#[test]
fn a_rule_is_kept_until_a_row_breaks_it() {
    let (context, columns) = context();
    let physical = |condition: Expr| of_columns(&context.state(), condition, &columns).unwrap();
    let mut kept = InlineChecks {
        rules: vec![
            Rule::new(
                "no downloads below zero".to_owned(),
                physical(col("downloads").lt(lit(0))),
            ),
            Rule::new(
                "no id without a slash".to_owned(),
                physical(col("id").not_like(lit("%/%"))),
            ),
            Rule::new(
                "no division by zero".to_owned(),
                physical((lit(1) / col("downloads")).gt(lit(1))),
            ),
        ],
    };
    kept.observe(&batch(&["a/b", "c/d"], &[Some(3), None]));
    assert_eq!(kept.rules.len(), 3);
    kept.observe(&batch(&["e/f", "g"], &[Some(0), Some(1)]));
    kept.observe(&batch(&["h/i"], &[Some(7)]));
    let names: Vec<String> = kept.passed().into_iter().collect();
    assert_eq!(names, ["no downloads below zero"]);
}

#[test]
fn rows_that_are_all_the_same_break_a_rule_as_one_does() {
    let (context, columns) = context();
    let condition = col("downloads").lt(lit(0));
    let broken = of_columns(&context.state(), condition, &columns).unwrap();
    for (downloads, expected) in [
        ([Some(-1), Some(-1), Some(-1)], 0),
        ([Some(1), Some(1), Some(1)], 1),
        ([None, None, None], 1),
        ([Some(1), Some(-1), Some(1)], 0),
        ([None, Some(-1), None], 0),
    ] {
        let mut kept = InlineChecks {
            rules: vec![Rule::new("none below zero".to_owned(), Arc::clone(&broken))],
        };
        kept.observe(&batch(&["a", "b", "c"], &downloads));
        kept.observe(&batch(&[], &[]));
        assert_eq!(kept.passed().len(), expected, "{downloads:?}");
    }
}
