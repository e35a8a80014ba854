//! What a replacement must provide, and a plan whose join relies on more than
//! its merge gives.

use arrow::array::{ArrayRef, AsArray as _, Int64Array, RecordBatch, StringArray};
use arrow::compute::SortOptions;
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::datasource::MemTable;
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::expressions::{binary, col, lit};
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::displayable;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::union::UnionExec;
use datafusion::prelude::ident;

use super::*;
use crate::testing::session;

fn schema() -> Arc<Schema> {
    let fields = ["a", "b"].map(|name| Field::new(name, DataType::Int64, true));
    Arc::new(Schema::new(fields.to_vec()))
}

fn rows() -> Arc<dyn ExecutionPlan> {
    Arc::new(EmptyExec::new(schema()))
}

fn sorted(by: &[&str]) -> Arc<dyn ExecutionPlan> {
    let options = SortOptions::new(false, false);
    let by = by
        .iter()
        .map(|name| PhysicalSortExpr::new(col(name, &schema()).unwrap(), options));
    Arc::new(SortExec::new(LexOrdering::new(by).unwrap(), rows()))
}

fn where_equal(to: &str, input: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
    let a = col("a", &schema()).unwrap();
    let other = if to == "7" {
        lit(7_i64)
    } else {
        col(to, &schema()).unwrap()
    };
    let condition = binary(a, Operator::Eq, other, &schema()).unwrap();
    Arc::new(FilterExec::try_new(condition, input).unwrap())
}

#[test]
fn a_replacement_provides_orders_constants_equal_values_and_partitions() {
    let (a, both) = (sorted(&["a"]), sorted(&["a", "b"]));
    let (constant, equal) = (where_equal("7", rows()), where_equal("b", rows()));
    let two: Arc<dyn ExecutionPlan> = UnionExec::try_new(vec![rows(), rows()]).unwrap();
    for (replacement, original, expected) in [
        (&both, &a, true),
        (&a, &both, false),
        (&both, &rows(), true),
        (&rows(), &a, false),
        (&constant, &rows(), true),
        (&rows(), &constant, false),
        // Where `a` is 7 throughout, all is in the order of `a`.
        (&constant, &a, true),
        (&rows(), &equal, false),
        (&where_equal("b", sorted(&["b"])), &a, true),
        // What needs one partition is not given two.
        (&two, &rows(), false),
        (&rows(), &two, true),
        (&two, &two, true),
    ] {
        let found = provides_all_of(replacement, original).unwrap();
        let shown =
            |plan: &Arc<dyn ExecutionPlan>| displayable(plan.as_ref()).indent(false).to_string();
        assert_eq!(
            found,
            expected,
            "{}for\n{}",
            shown(replacement),
            shown(original)
        );
    }
}

/// Children in the order of `id` and `position`, each of `count` base models
/// with `children` of them.
fn children(count: i64, children: i64) -> Arc<MemTable> {
    let ids = (0..count).flat_map(|base| (0..children).map(move |child| (base, child)));
    let ids: Vec<(i64, i64)> = ids.collect();
    let text = |id: i64| format!("model-{id:04}");
    let columns: [(&str, ArrayRef); 3] = [
        (
            "id",
            Arc::new(StringArray::from_iter_values(
                ids.iter().map(|id| text(id.0)),
            )),
        ),
        (
            "position",
            Arc::new(Int64Array::from_iter_values(ids.iter().map(|id| id.1))),
        ),
        // The parents of one child stand in another order than by their names.
        (
            "parent",
            Arc::new(StringArray::from_iter_values(
                ids.iter()
                    .map(|id| text((id.0 * 7 + children - id.1) % count)),
            )),
        ),
    ];
    let rows = RecordBatch::try_from_iter(columns).unwrap();
    let order = ["id", "position"].map(|column| ident(column).sort(true, false));
    let table = MemTable::try_new(rows.schema(), vec![vec![rows]]).unwrap();
    Arc::new(table.with_sort_order(vec![order.to_vec()]))
}

fn models(count: i64) -> Arc<MemTable> {
    let names = (0..count).map(|id| format!("model-{id:04}"));
    let columns: [(&str, ArrayRef); 1] = [("name", Arc::new(StringArray::from_iter_values(names)))];
    let rows = RecordBatch::try_from_iter(columns).unwrap();
    let table = MemTable::try_new(rows.schema(), vec![vec![rows]]).unwrap();
    Arc::new(table.with_sort_order(vec![vec![ident("name").sort(true, false)]]))
}

/// Whichever side is built, and whether it is merged or looked up, the parents
/// of a child are gathered in their order.
#[tokio::test]
async fn an_order_that_is_relied_upon_is_kept_whatever_the_row_counts() {
    let sql = "SELECT c.id, array_agg(c.parent ORDER BY c.position) AS parents FROM c \
               JOIN m b ON b.name = c.parent JOIN m o ON o.name = c.id GROUP BY c.id ORDER BY c.id";
    let mut plans = std::collections::BTreeSet::new();
    for (count, each) in [
        (1, 1),
        (2, 1),
        (3, 2),
        (30, 1),
        (30, 2),
        (30, 5),
        (200, 1),
        (200, 9),
    ] {
        let (c, m) = (children(count, each), models(count));
        let context = session(true, 16, &[("c", &c), ("m", &m)]);
        let frame = context.sql(sql).await.unwrap();
        let plan = frame.clone().create_physical_plan().await.unwrap();
        let plan = displayable(plan.as_ref()).indent(false).to_string();
        let rows = frame.collect().await.unwrap();
        let found: Vec<Vec<String>> = rows
            .iter()
            .flat_map(|batch| {
                let lists = batch.column(1).as_list::<i32>();
                let lists: Vec<Vec<String>> = (0..batch.num_rows())
                    .map(|row| {
                        let list = lists.value(row);
                        list.as_string::<i32>()
                            .iter()
                            .map(|text| text.unwrap().to_owned())
                            .collect()
                    })
                    .collect();
                lists
            })
            .collect();
        let expected: Vec<Vec<String>> = (0..count)
            .map(|id| {
                (0..each)
                    .map(|position| format!("model-{:04}", (id * 7 + each - position) % count))
                    .collect()
            })
            .collect();
        assert_eq!(found, expected, "{count} × {each}\n{plan}");
        let operators = plan
            .lines()
            .map(|line| line.split(':').next().unwrap_or_default());
        plans.insert(operators.collect::<Vec<_>>().join("\n"));
    }
    // The row counts are on both sides of what the build side is chosen by.
    assert!(plans.len() > 1, "{plans:?}");
}
