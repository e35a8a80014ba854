//! Random tables, and queries executed by this crate's operators and by
//! DataFusion's alone.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, ListArray, RecordBatch, StringArray};
use arrow::compute::{SortColumn, SortOptions, lexsort_to_indices, take_record_batch};
use arrow::datatypes::Int64Type;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::datasource::MemTable;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::memory_pool::{GreedyMemoryPool, MemoryPool};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::physical_plan::execution_plan::reset_plan_states;
use datafusion::physical_plan::{ExecutionPlan, collect, displayable};
use datafusion::prelude::{SessionConfig, SessionContext, ident};

use crate::plain;
use crate::rules::{Operators, physical_rules};

/// A session over tables, with batches of `size` rows, by this crate's rules or by
/// DataFusion's alone.
pub(crate) fn session(own: bool, size: usize, tables: &[(&str, &Arc<MemTable>)]) -> SessionContext {
    let config = SessionConfig::new().with_target_partitions(1);
    let mut state = SessionStateBuilder::new()
        .with_config(config.with_batch_size(size))
        .with_default_features();
    if own {
        state = state.with_physical_optimizer_rules(physical_rules(&Operators::Own));
    }
    let context = SessionContext::new_with_state(state.build());
    for (name, table) in tables {
        let table = Arc::clone(table);
        context.register_table(*name, table).unwrap();
    }
    context
}

/// Numbers without a pattern, the same ones in every run.
pub(crate) struct Draw(u64);

impl Draw {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }

    /// Nothing in one of seven cases.
    fn known<T>(&mut self, value: T) -> Option<T> {
        (self.below(7) > 0).then_some(value)
    }
}

const FLOATS: [f64; 7] = [
    0.0,
    -0.0,
    1.5,
    -1.5,
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
];

/// Rows with a few different values in each column but `row`, which has each
/// number once: whole numbers with nulls (`number`, and the same of `few`
/// values), without them (`whole`), fractions, texts, lists.
pub(crate) fn random(draw: &mut Draw, rows: usize) -> RecordBatch {
    let values = rows / 2 + 2;
    let mut column = |end: usize| -> Vec<Option<usize>> {
        (0..rows)
            .map(|_| {
                let value = draw.below(end);
                draw.known(value)
            })
            .collect()
    };
    let numbers = |column: Vec<Option<usize>>| -> ArrayRef {
        let numbers = column
            .into_iter()
            .map(|value| value.map(|value| value as i64));
        Arc::new(numbers.collect::<Int64Array>())
    };
    let floats = column(FLOATS.len())
        .into_iter()
        .map(|value| value.map(|value| FLOATS[value]));
    let texts = column(values)
        .into_iter()
        .map(|value| value.map(|value| format!("text {}", value % 97)));
    let lists = column(4).into_iter();
    let lists = lists.map(|value| value.map(|value| vec![Some(value as i64); value]));
    let whole = column(values)
        .into_iter()
        .map(|value| value.unwrap_or(0) as i64);
    RecordBatch::try_from_iter_with_nullable([
        (
            "row",
            Arc::new(Int64Array::from_iter_values(0..rows as i64)) as ArrayRef,
            false,
        ),
        (
            "whole",
            Arc::new(Int64Array::from_iter_values(whole)),
            false,
        ),
        ("fraction", Arc::new(floats.collect::<Float64Array>()), true),
        ("text", Arc::new(texts.collect::<StringArray>()), true),
        (
            "list",
            Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(lists)),
            true,
        ),
        ("few", numbers(column(3)), true),
        ("number", numbers(column(values)), true),
    ])
    .unwrap()
}

/// A table of these rows in the order of some columns, nulls last, with `row`
/// numbered anew, in batches of some size with empty ones among them.
pub(crate) fn ordered(rows: &RecordBatch, by: &[&str], size: usize) -> Arc<MemTable> {
    let options = Some(SortOptions::new(false, false));
    let columns = by.iter().map(|name| SortColumn {
        values: Arc::clone(rows.column_by_name(name).unwrap()),
        options,
    });
    let columns: Vec<SortColumn> = columns.collect();
    let rows = if by.is_empty() {
        rows.clone()
    } else {
        take_record_batch(rows, &lexsort_to_indices(&columns, None).unwrap()).unwrap()
    };
    let mut numbered = rows.columns().to_vec();
    numbered[0] = Arc::new(Int64Array::from_iter_values(0..rows.num_rows() as i64));
    let rows = RecordBatch::try_new(rows.schema(), numbered).unwrap();
    let mut batches = vec![rows.slice(0, 0)];
    for from in (0..rows.num_rows()).step_by(size) {
        batches.push(rows.slice(from, size.min(rows.num_rows() - from)));
        if from % 3 == 0 {
            batches.push(rows.slice(0, 0));
        }
    }
    let table = MemTable::try_new(rows.schema(), vec![batches]).unwrap();
    if by.is_empty() {
        return Arc::new(table);
    }
    let order = by.iter().map(|column| ident(*column).sort(true, false));
    Arc::new(table.with_sort_order(vec![order.collect()]))
}

pub(crate) fn shown(plan: &Arc<dyn ExecutionPlan>) -> String {
    displayable(plan.as_ref()).indent(false).to_string()
}

/// Rows as text, as they come.
pub(crate) fn lines(batches: &[RecordBatch]) -> Vec<String> {
    let options = FormatOptions::new().with_null("-");
    let line = |batch: &RecordBatch, row: usize| {
        let values = batch.columns().iter().map(|column| {
            let values = ArrayFormatter::try_new(column, &options).unwrap();
            values.value(row).to_string()
        });
        values.collect::<Vec<_>>().join(" | ")
    };
    let each = batches.iter();
    each.flat_map(|batch| (0..batch.num_rows()).map(|row| line(batch, row)))
        .collect()
}

/// The plan of a query and its rows by both kinds of operators.
pub(crate) struct Both {
    pub(crate) plan: String,
    pub(crate) rows: Vec<String>,
    pub(crate) expected: Vec<String>,
}

/// A query's rows as they come, in batches of `size` rows.
pub(crate) async fn both(size: usize, tables: &[(&str, &Arc<MemTable>)], sql: &str) -> Both {
    let context = session(true, size, tables);
    let frame = context.sql(sql).await.unwrap();
    let own = frame.create_physical_plan().await.unwrap();
    let state = context.state();
    let plain = plain(Arc::clone(&own), state.config_options()).unwrap();
    let plain = reset_plan_states(plain).unwrap();
    let (plan, other) = (shown(&own), shown(&plain));
    let foreign = [
        "MergeJoin",
        "SortedAggregate",
        "StreamingWindow",
        "RankSort",
        "Unordered",
    ];
    assert!(!foreign.iter().any(|name| other.contains(name)), "{other}");
    let rows = lines(&collect(own, context.task_ctx()).await.unwrap());
    let expected = lines(&collect(plain, context.task_ctx()).await.unwrap());
    Both {
        plan,
        rows,
        expected,
    }
}

/// Sees that a query's plan has an operator, and that its rows are those of
/// DataFusion's operators: in any order, or as they come where the query says
/// how.
pub(crate) async fn same(
    operator: &str,
    size: usize,
    tables: &[(&str, &Arc<MemTable>)],
    sql: &str,
) {
    let Both {
        plan,
        mut rows,
        mut expected,
    } = both(size, tables, sql).await;
    assert!(plan.contains(operator), "{sql}\n{plan}");
    if !sql.contains("ORDER BY row") {
        rows.sort();
        expected.sort();
    }
    assert!(
        rows == expected,
        "{sql}, batches of {size}: {} rows, {} expected\n{plan}",
        rows.len(),
        expected.len()
    );
}

/// How many rows a query gives under a limit of memory, or the error; none of it
/// is left reserved.
pub(crate) async fn limited(
    tables: &[(&str, &Arc<MemTable>)],
    sql: &str,
    operator: &str,
    bytes: usize,
) -> Result<usize, String> {
    let context = session(true, 8_192, tables);
    let plan = context.sql(sql).await.unwrap();
    let plan = plan.create_physical_plan().await.unwrap();
    assert!(shown(&plan).contains(operator), "{}", shown(&plan));
    let pool: Arc<dyn MemoryPool> = Arc::new(GreedyMemoryPool::new(bytes));
    let runtime = RuntimeEnvBuilder::new().with_memory_pool(Arc::clone(&pool));
    let runtime = runtime.build_arc().unwrap();
    let state = SessionStateBuilder::new_from_existing(context.state());
    let state = state.with_runtime_env(runtime).build();
    let rows = collect(plan, state.task_ctx()).await;
    assert_eq!(pool.reserved(), 0);
    rows.map(|rows| lines(&rows).len())
        .map_err(|error| error.to_string())
}

/// Rows in a batch, of the tables and of what comes out.
pub(crate) const SIZES: [usize; 4] = [1, 2, 7, 8_192];
