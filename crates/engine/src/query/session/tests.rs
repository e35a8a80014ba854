//! Every query of this project's pipelines, planned and run with tables of few
//! and of many rows beside each other: which operators carry it out depends on
//! the row counts, what comes out does not.

mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use async_trait::async_trait;
use datafusion::dataframe::DataFrame;
use datafusion::datasource::TableType;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_optimizer::PhysicalOptimizerRule as _;
use datafusion::physical_optimizer::sanity_checker::SanityCheckPlan;
use datafusion::physical_plan::{ExecutionPlan, collect, displayable};
use hubcensus_spec::{Contract, History, SnapshotDate};
use object_store::memory::InMemory;
use object_store::{ObjectStoreExt as _, PutPayload};

use super::*;
use crate::load::load;
use crate::query::frame;
use crate::query::lake_table::{Dated, LakeTable, TableFile};
use crate::query::schema;
use crate::query::sql::ReadOnly;
use crate::resolve::resolved::{Origin, Resolved};
use rows::Vocabulary;

const STORE: &str = "memory://tables/";
const DATE: &str = "2026-08-22";

/// Queries that number rows which tie here: they rely on a name that a table has
/// once, or on a table of one row, which these rows are not. Of them only the
/// number of rows is compared.
const TIED: [&str; 4] = [
    "aggregate.entity_type_changes",
    "aggregate.geography_changes",
    "aggregate.licenses",
    "aggregate.momentum",
];

/// A name, and how many rows each table is said to have: a table by its place
/// among those of a query, and how many these are. What they have is a few dozen.
type Scenario = (&'static str, fn(usize, usize) -> u64);

const SCENARIOS: [Scenario; 7] = [
    ("each three times the one before", |at, _| {
        3_u64.pow(at as u32 + 1)
    }),
    ("each a third of the one before", |at, of| {
        3_u64.pow((of - at) as u32)
    }),
    ("every other empty", |at, _| [0, 30][at % 2]),
    ("the others empty", |at, _| [30, 0][at % 2]),
    ("all alike", |_, _| 3_000),
    ("few and many in turn", |at, _| [1, 30_000][at % 2]),
    ("a few of each", |at, _| [30, 1, 3_000, 2][at % 4]),
];

fn functions() -> Functions {
    Functions {
        scalars: hubcensus_functions::scalars(),
        aggregates: hubcensus_functions::aggregates(),
        versions: hubcensus_functions::versions(),
    }
}

async fn project() -> Resolved {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let loaded = load(&root, 2, &functions(), &Operators::Own).await.unwrap();
    loaded.result.unwrap()
}

/// A query, the tables that it reads, and those of several snapshots.
struct Query<'a> {
    name: String,
    query: &'a ReadOnly,
    contract: Option<&'a Contract>,
    history: &'a BTreeMap<TableName, History>,
    parameters: BTreeMap<String, String>,
}

impl Query<'_> {
    /// A check reads few tables: three ways to have them are enough.
    fn scenarios(&self) -> impl Iterator<Item = &'static Scenario> {
        let all = if self.contract.is_some() {
            SCENARIOS.len()
        } else {
            3
        };
        SCENARIOS.iter().take(all)
    }
}

fn queries(resolved: &Resolved) -> Vec<Query<'_>> {
    let date: SnapshotDate = DATE.parse().unwrap();
    let mut queries = Vec::new();
    for (table, recipe) in &resolved.recipes {
        let of = |name: String, query, contract| Query {
            name,
            query,
            contract,
            history: &recipe.history,
            parameters: recipe.parameters(date),
        };
        if let Origin::Job(job) = &recipe.origin {
            queries.push(of(table.to_string(), &job.query, Some(&job.job.contract)));
        }
        for check in &recipe.checks {
            queries.push(of(format!("{table}, {}", check.name), &check.query, None));
        }
    }
    queries
}

/// One table of several forms, the one that counts being named from without.
#[derive(Debug)]
struct Forms {
    forms: Vec<LakeTable>,
    current: Arc<AtomicUsize>,
}

#[async_trait]
impl TableProvider for Forms {
    fn schema(&self) -> arrow::datatypes::SchemaRef {
        self.forms[0].schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        self.forms[0].supports_filters_pushdown(filters)
    }

    async fn scan(
        &self,
        state: &dyn datafusion::catalog::Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let form = &self.forms[self.current.load(Ordering::Relaxed)];
        form.scan(state, projection, filters, limit).await
    }
}

/// The files of all tables: one of some rows, and one of none.
struct Files {
    store: Arc<InMemory>,
    of: BTreeMap<TableName, [TableFile; 2]>,
}

impl Files {
    async fn of(resolved: &Resolved) -> Self {
        let vocabulary = Vocabulary::of(&resolved.references);
        let store = Arc::new(InMemory::new());
        let mut files = Self {
            store: Arc::clone(&store),
            of: BTreeMap::new(),
        };
        for table in resolved.recipes.keys() {
            let contract = resolved.contract(table).unwrap();
            let mut both = Vec::new();
            for rows in [40, 0] {
                let (bytes, rows) = rows::parquet(contract, rows, &vocabulary);
                let path = object_store::path::Path::from(format!("{table}/{rows}.parquet"));
                both.push(TableFile {
                    path: path.clone(),
                    bytes: bytes.len() as u64,
                    rows: rows as u64,
                    date: DATE.parse().unwrap(),
                    window: 0,
                });
                store.put(&path, PutPayload::from(bytes)).await.unwrap();
            }
            files.of.insert(table.clone(), both.try_into().unwrap());
        }
        files
    }

    /// A table in the form that each scenario asks for.
    fn table(
        &self,
        query: &Query<'_>,
        name: &TableName,
        contract: &Contract,
        at: usize,
        of: usize,
        current: &Arc<AtomicUsize>,
    ) -> Forms {
        let forms = SCENARIOS.iter().map(|(_, rows)| {
            let rows = rows(at, of);
            let [some, none] = &self.of[name];
            let file = TableFile {
                rows,
                ..if rows == 0 {
                    none.clone()
                } else {
                    some.clone()
                }
            };
            let store = ObjectStoreUrl::parse(STORE).unwrap();
            let columns = schema::of_contract(contract);
            let table = if let Some(history) = query.history.get(name) {
                let window = history.windows().first().copied();
                let dates = [
                    (file.date.pred().unwrap(), window.unwrap_or_default()),
                    (file.date, 0),
                ];
                let files = dates.map(|(date, window)| TableFile {
                    date,
                    window,
                    ..file.clone()
                });
                LakeTable::of_history(store, columns, files.to_vec(), Dated::of(history))
            } else {
                LakeTable::of_snapshot(store, columns, Some(file))
            };
            table.in_order_of(contract)
        });
        Forms {
            forms: forms.collect(),
            current: Arc::clone(current),
        }
    }
}

/// What a query gives in a scenario: the plan, and its rows by it and by
/// DataFusion's operators alone.
struct Given {
    plan: String,
    rows: Vec<String>,
    plain: String,
    expected: Vec<String>,
}

async fn given(fixture: &Fixture, query: &Query<'_>) -> Vec<Given> {
    let Fixture {
        resolved,
        files,
        session,
    } = fixture;
    let current = Arc::new(AtomicUsize::new(0));
    let mut tables = Tables::default();
    let names: Vec<&TableName> = query.query.tables().map(|(name, _)| name).collect();
    for (at, name) in names.iter().enumerate() {
        let table: Arc<dyn TableProvider> = match resolved.references.get(*name) {
            Some(reference) => reference.table().unwrap(),
            None => {
                let contract = resolved.contract(name).unwrap();
                Arc::new(files.table(query, name, contract, at, names.len(), &current))
            }
        };
        tables.insert((*name).clone(), table);
    }
    let statement = query.query.bind(&query.parameters).unwrap();
    let (state, plan) = session.plan(statement, &tables).await.unwrap();
    let mut frame = DataFrame::new(state.clone(), plan);
    if let Some(contract) = query.contract {
        frame = frame.select(frame::projection(contract)).unwrap();
        frame = frame.sort(frame::ordering(contract)).unwrap();
    }
    let context = Arc::new(frame.task_ctx());
    let logical = state.optimize(frame.logical_plan()).unwrap();
    let shown =
        |plan: &Arc<dyn ExecutionPlan>| displayable(plan.as_ref()).indent(false).to_string();
    let mut all: Vec<Given> = Vec::new();
    for (at, (scenario, _)) in query.scenarios().enumerate() {
        current.store(at, Ordering::Relaxed);
        let failed = |error| panic!("{}, {scenario}: {error}", query.name);
        let planned = state.query_planner().create_physical_plan(&logical, &state);
        let own = planned.await.unwrap_or_else(failed);
        let plan = shown(&own);
        if all.iter().any(|given| given.plan == plan) {
            continue;
        }
        // Plans are run once: some keep what their subqueries gave.
        let planned = state.query_planner().create_physical_plan(&logical, &state);
        let plain =
            hubcensus_exec::plain(planned.await.unwrap_or_else(failed), state.config_options());
        let plain = plain.unwrap_or_else(failed);
        let checked = SanityCheckPlan::new().optimize(plain, state.config_options());
        let plain = checked.unwrap_or_else(failed);
        let rows = |rows: Result<Vec<RecordBatch>>| match rows {
            Ok(rows) => in_text(&rows),
            Err(error) => panic!("{}, {scenario}: {error}\n{plan}", query.name),
        };
        all.push(Given {
            rows: rows(collect(own, Arc::clone(&context)).await),
            plain: shown(&plain),
            expected: rows(collect(plain, Arc::clone(&context)).await),
            plan,
        });
    }
    all
}

/// All rows as text, sorted; of fractions, which come out by the order in
/// which they are added, the first digits.
fn in_text(batches: &[RecordBatch]) -> Vec<String> {
    use arrow::array::AsArray as _;
    use arrow::datatypes::{DataType, Float64Type};
    let options = FormatOptions::new().with_null("-");
    let mut lines = Vec::new();
    for batch in batches {
        for row in 0..batch.num_rows() {
            let values = batch
                .columns()
                .iter()
                .map(|column| match column.data_type() {
                    DataType::Float64 if column.is_valid(row) => {
                        format!("{:.9e}", column.as_primitive::<Float64Type>().value(row))
                    }
                    _ => {
                        let values = ArrayFormatter::try_new(column, &options).unwrap();
                        values.value(row).to_string()
                    }
                });
            lines.push(values.collect::<Vec<_>>().join(" | "));
        }
    }
    lines.sort();
    lines
}

/// The project, its tables, and a session that finds them.
struct Fixture {
    resolved: Resolved,
    files: Files,
    session: Session,
}

impl Fixture {
    async fn new() -> Self {
        let resolved = project().await;
        let files = Files::of(&resolved).await;
        let session = Session::new(1, &functions(), &Operators::Own).unwrap();
        let store = Arc::clone(&files.store) as Arc<dyn ObjectStore>;
        session.register_store(&Url::parse(STORE).unwrap(), store);
        Self {
            resolved,
            files,
            session,
        }
    }
}

/// What was found out about some queries.
#[derive(Default)]
struct Compared {
    queries: usize,
    plans: usize,
    /// Plans that give rows.
    with_rows: usize,
    shapes: BTreeSet<(String, String)>,
    wrong: Vec<String>,
}

/// Compares every `of`th query from the first `from` on.
async fn compared(fixture: Arc<Fixture>, from: usize, of: usize) -> Compared {
    let own = [
        "MergeJoinExec",
        "SortedAggregateExec",
        "StreamingWindowExec",
        "RankSortExec",
        "UnorderedExec",
    ];
    let mut compared = Compared::default();
    for query in queries(&fixture.resolved).iter().skip(from).step_by(of) {
        compared.queries += 1;
        for given in given(&fixture, query).await {
            let Given {
                plan,
                rows,
                plain,
                expected,
            } = given;
            assert!(!own.iter().any(|own| plain.contains(own)), "{plain}");
            let differs = if TIED.contains(&query.name.as_str()) {
                rows.len() != expected.len()
            } else {
                rows != expected
            };
            if differs {
                let differ = rows.iter().zip(&expected).find(|(one, other)| one != other);
                compared.wrong.push(format!(
                    "{}: {} rows, {} expected, {differ:?}\n{plan}\n{plain}",
                    query.name,
                    rows.len(),
                    expected.len()
                ));
            }
            compared.plans += 1;
            compared.with_rows += usize::from(!rows.is_empty());
            compared.shapes.insert((query.name.clone(), shape(&plan)));
        }
    }
    compared
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_counts_decide_how_a_query_is_carried_out_and_not_what_it_gives() {
    let fixture = Arc::new(Fixture::new().await);
    let halves = [0, 1].map(|from| tokio::spawn(compared(Arc::clone(&fixture), from, 2)));
    let mut all = Compared::default();
    for half in halves {
        let half = half.await.unwrap();
        all.queries += half.queries;
        all.plans += half.plans;
        all.with_rows += half.with_rows;
        all.shapes.extend(half.shapes);
        all.wrong.extend(half.wrong);
    }
    let (queries, shapes, wrong) = (all.queries, all.shapes.len(), all.wrong);
    eprintln!(
        "{queries} queries, {} plans, {} with rows, {shapes} shapes",
        all.plans, all.with_rows
    );
    assert!(
        wrong.is_empty(),
        "{} wrong\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    // Row counts do decide, and there is something to compare.
    assert!(
        shapes > queries * 5 / 4,
        "{shapes} shapes of {queries} queries"
    );
    assert!(
        all.with_rows > all.plans / 4,
        "{} of {} have rows",
        all.with_rows,
        all.plans
    );
}

/// A plan's operators without what they work on.
fn shape(plan: &str) -> String {
    let operators = plan
        .lines()
        .map(|line| line.split(':').next().unwrap_or_default());
    operators.collect::<Vec<_>>().join("\n")
}
