//! Every query of this project's pipelines, planned and run with tables of few
//! and of many rows beside each other: which operators carry it out depends on
//! the row counts, what comes out does not.

mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::util::display::{ArrayFormatter, FormatOptions};
use async_trait::async_trait;
use datafusion::dataframe::DataFrame;
use datafusion::datasource::TableType;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::{ExecutionPlan, collect, displayable};
use hubcensus_spec::{Contract, SnapshotDate};
use object_store::memory::InMemory;
use object_store::{ObjectStoreExt as _, PutPayload};

use super::*;
use crate::load::load;
use crate::query::frame;
use crate::query::lake_table::{LakeTable, TableFile};
use crate::query::schema;
use crate::query::sql::ReadOnly;
use crate::resolve::resolved::{Origin, Resolved};
use rows::Vocabulary;

const STORE: &str = "memory://tables/";
const DATE: &str = "2026-08-22";

/// How many rows each table is said to have: of the table, by its place among
/// those of a query, and of how many. What they have is a few dozen.
const SCENARIOS: [(&str, fn(usize, usize) -> u64); 8] = [
    ("all alike", |_, _| 3_000),
    ("each three times the one before", |at, _| {
        3_u64.pow(at as u32 + 1)
    }),
    ("each a third of the one before", |at, of| {
        3_u64.pow((of - at) as u32)
    }),
    ("many and few in turn", |at, _| [3_000, 2][at % 2]),
    ("few and many in turn", |at, _| [1, 30_000][at % 2]),
    ("a few of each", |at, _| [30, 1, 3_000, 2, 30][at % 5]),
    ("every other empty", |at, _| [0, 30][at % 2]),
    ("the others empty", |at, _| [30, 0][at % 2]),
];

fn functions() -> Functions {
    Functions {
        scalars: hubcensus_functions::scalars(),
        aggregates: hubcensus_functions::aggregates(),
        version: hubcensus_functions::version(),
    }
}

async fn project() -> Resolved {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let loaded = load(&root, 2, &functions(), Operators::Own).await.unwrap();
    loaded.result.unwrap()
}

/// A query, the tables that it reads, and those of several snapshots.
struct Query<'a> {
    name: String,
    query: &'a ReadOnly,
    contract: Option<&'a Contract>,
    history: BTreeSet<&'a TableName>,
    parameters: BTreeMap<String, String>,
}

fn queries(resolved: &Resolved) -> Vec<Query<'_>> {
    let date: SnapshotDate = DATE.parse().unwrap();
    let mut queries = Vec::new();
    for (table, recipe) in &resolved.recipes {
        let of = |name: String, query, contract| Query {
            name,
            query,
            contract,
            history: recipe.history.keys().collect(),
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
            let table = if query.history.contains(name) {
                let dates = [file.date.pred().unwrap(), file.date];
                let files = dates.map(|date| TableFile {
                    date,
                    ..file.clone()
                });
                LakeTable::of_history(store, columns, files.to_vec())
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

/// What a query gives by some operators, in each scenario.
async fn given(
    session: &Session,
    resolved: &Resolved,
    files: &Files,
    query: &Query<'_>,
) -> Vec<(String, Vec<String>)> {
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
    let plan = state.optimize(frame.logical_plan()).unwrap();
    let mut all: Vec<(String, Vec<String>)> = Vec::new();
    for (at, (scenario, _)) in SCENARIOS.iter().enumerate() {
        current.store(at, Ordering::Relaxed);
        let planned = state.query_planner().create_physical_plan(&plan, &state);
        let planned = planned.await;
        let planned = planned.unwrap_or_else(|e| panic!("{}, {scenario}: {e}", query.name));
        let shown = displayable(planned.as_ref()).indent(false).to_string();
        // The same plan over the same files gives the same rows.
        if let Some(known) = all.iter().find(|(plan, _)| *plan == shown) {
            all.push(known.clone());
            continue;
        }
        let rows = collect(planned, Arc::clone(&context)).await;
        let rows = rows.unwrap_or_else(|e| panic!("{}, {scenario}: {e}\n{shown}", query.name));
        all.push((shown, in_text(&rows)));
    }
    all
}

/// All rows as text, sorted; of fractions, which come out by the order in
/// which they are added, the first digits.
fn in_text(batches: &[arrow::array::RecordBatch]) -> Vec<String> {
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

/// The project, its tables, and a session of each kind.
struct Fixture {
    resolved: Resolved,
    files: Files,
    own: Session,
    plain: Session,
}

impl Fixture {
    async fn new() -> Self {
        let resolved = project().await;
        let files = Files::of(&resolved).await;
        let session = |operators| {
            let session = Session::new(1, &functions(), operators).unwrap();
            let store = Arc::clone(&files.store) as Arc<dyn ObjectStore>;
            session.register_store(&Url::parse(STORE).unwrap(), store);
            session
        };
        Self {
            own: session(Operators::Own),
            plain: session(Operators::Plain),
            resolved,
            files,
        }
    }
}

/// What was found out about some queries.
#[derive(Default)]
struct Compared {
    queries: usize,
    /// Results with rows.
    rows: usize,
    plans: BTreeSet<(String, String)>,
    wrong: Vec<String>,
}

/// Compares every `of`th query from the first `from` on.
async fn compared(fixture: Arc<Fixture>, from: usize, of: usize) -> Compared {
    let Fixture {
        resolved,
        files,
        own,
        plain,
    } = fixture.as_ref();
    let mut compared = Compared::default();
    for query in queries(resolved).iter().skip(from).step_by(of) {
        eprintln!(
            "{:?} {} {}",
            std::time::SystemTime::now(),
            compared.queries,
            query.name
        );
        compared.queries += 1;
        let found = given(own, resolved, files, query).await;
        let expected = given(plain, resolved, files, query).await;
        for (at, ((plan, rows), (other, expected))) in found.iter().zip(&expected).enumerate() {
            assert!(!other.contains("MergeJoinExec") && !other.contains("LookupJoinExec"));
            if rows != expected {
                eprintln!("DIFF {} {}", query.name, SCENARIOS[at].0);
                let name = format!("{}, {}", query.name, SCENARIOS[at].0);
                let differ = rows.iter().zip(expected).find(|(one, other)| one != other);
                let (rows, expected) = (rows.len(), expected.len());
                compared.wrong.push(format!(
                    "{name}: {rows} rows, {expected} expected, {differ:?}\n{plan}\n{other}"
                ));
            }
            compared.rows += usize::from(!rows.is_empty());
            compared.plans.insert((query.name.clone(), shape(plan)));
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
        all.rows += half.rows;
        all.plans.extend(half.plans);
        all.wrong.extend(half.wrong);
    }
    let Compared {
        queries,
        rows,
        plans,
        wrong,
    } = all;
    assert!(
        wrong.is_empty(),
        "{} wrong\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    // Row counts do decide, and there is something to compare.
    let (plans, results) = (plans.len(), queries * SCENARIOS.len());
    assert!(
        plans > queries * 5 / 4,
        "{plans} plans of {queries} queries"
    );
    assert!(rows > results / 4, "{rows} of {results} results have rows");
}

/// A plan's operators without what they work on.
fn shape(plan: &str) -> String {
    let operators = plan
        .lines()
        .map(|line| line.split(':').next().unwrap_or_default());
    operators.collect::<Vec<_>>().join("\n")
}
