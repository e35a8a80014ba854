//! Comparisons with the empty text, by length.
//!
//! Texts are compared one by one. Their lengths follow from the offsets, and are
//! compared many at a time.

use datafusion::common::tree_node::{Transformed, TreeNode as _};
use datafusion::common::{Result, ScalarValue};
use datafusion::functions::string::octet_length;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{BinaryExpr, Expr, LogicalPlan, Operator, binary_expr, lit};
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};

/// `octet_length(text) = 0` in place of `text = ''`, and so with `<>`.
#[derive(Debug)]
pub(crate) struct ByLength;

impl OptimizerRule for ByLength {
    fn name(&self) -> &'static str {
        "empty_texts_by_length"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::BottomUp)
    }

    fn rewrite(
        &self,
        plan: LogicalPlan,
        _config: &dyn OptimizerConfig,
    ) -> Result<Transformed<LogicalPlan>> {
        let names = NamePreserver::new(&plan);
        plan.map_expressions(|expression| {
            let name = names.save(&expression);
            let asked = expression.transform_up(|part| Ok(by_length(part)))?;
            Ok(asked.update_data(|asked| name.restore(asked)))
        })
    }
}

fn by_length(part: Expr) -> Transformed<Expr> {
    match part {
        Expr::BinaryExpr(BinaryExpr {
            left,
            op: op @ (Operator::Eq | Operator::NotEq),
            right,
        }) if is_empty(&left) != is_empty(&right) => {
            let text = if is_empty(&left) { right } else { left };
            let length = octet_length().call(vec![*text]);
            Transformed::yes(binary_expr(length, op, lit(0_i32)))
        }
        other => Transformed::no(other),
    }
}

fn is_empty(part: &Expr) -> bool {
    matches!(part, Expr::Literal(ScalarValue::Utf8(Some(text)), _) if text.is_empty())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, RecordBatch, StringArray};
    use datafusion::datasource::MemTable;

    use crate::testing::session;

    /// The plan and the rows of a query over texts, one of them unknown.
    async fn asked(ours: bool, sql: &str) -> (String, String) {
        let texts: ArrayRef = Arc::new(StringArray::from(vec![
            Some("a"),
            Some(""),
            None,
            Some(" "),
            Some("é"),
        ]));
        let rows = RecordBatch::try_from_iter_with_nullable([("text", texts, true)]).unwrap();
        let table = Arc::new(MemTable::try_new(rows.schema(), vec![vec![rows]]).unwrap());
        let frame = session(ours, 8, &[("t", &table)]).sql(sql).await.unwrap();
        let plan = frame.clone().into_optimized_plan().unwrap();
        let rows = frame.to_string().await.unwrap();
        (plan.to_string(), rows)
    }

    #[tokio::test]
    async fn empty_texts_are_those_that_are_compared() {
        for sql in [
            "SELECT text FROM t WHERE text <> ''",
            "SELECT text FROM t WHERE trim(text) = ''",
            "SELECT text, '' = text, text <> '', text || '' <> '' FROM t",
            "SELECT count(*) FILTER (WHERE trim(text) <> '') FROM t",
            "SELECT CASE WHEN trim(text) <> '' THEN lower(trim(text)) ELSE 'none' END AS said FROM t",
        ] {
            let (plan, rows) = asked(true, sql).await;
            let (compared, expected) = asked(false, sql).await;
            assert!(plan.contains("octet_length"), "{plan}");
            assert!(!compared.contains("octet_length"), "{compared}");
            assert_eq!(rows, expected, "{sql}");
        }
    }

    #[tokio::test]
    async fn other_comparisons_stay() {
        for sql in [
            "SELECT text FROM t WHERE text <> ' '",
            "SELECT text FROM t WHERE text > ''",
            "SELECT text FROM t WHERE text IS DISTINCT FROM ''",
        ] {
            let (plan, rows) = asked(true, sql).await;
            assert!(!plan.contains("octet_length"), "{plan}");
            assert_eq!(rows, asked(false, sql).await.1, "{sql}");
        }
    }
}
