//! From a job and a date to a written partition: the query over the snapshot's
//! tables, its columns as the contract has them, in the contract's order.

use std::sync::{Arc, PoisonError, RwLock};

use arrow::array::{Array as _, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::common::DataFusionError;
use datafusion::dataframe::DataFrame;
use datafusion::datasource::MemTable;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, SortExpr, cast, lit};
use datafusion::physical_plan::display::DisplayableExecutionPlan;
use datafusion::prelude::ident;
use datafusion::scalar::ScalarValue;
use futures::StreamExt as _;
use hubcensus_lake::{FileSpec, Lake, Manifest, Staged};
use hubcensus_spec::{Contract, Job, Number, SnapshotDate, TableName};

use crate::ahead;
use crate::audit::{Seen, TableSource};
use crate::order::{Keys, Watch};
use crate::outcome::{self, StepError, Violation};
use crate::provider::{LakeTable, TableFile};
use crate::resolve::{Made, Resolved};
use crate::run::Rows;
use crate::schema::{self, OBSERVED_DATE};
use crate::seen::Kept;
use crate::session::Tables;
use crate::sql::ReadOnly;
use crate::state::LakeState;

/// A batch of rows that a violation shows at most.
const SHOWN: usize = 20;

/// One snapshot, as a table that is made from it sees the lake.
#[derive(Clone, Copy)]
pub(crate) struct Snapshot<'a> {
    pub(crate) resolved: &'a Resolved,
    pub(crate) lake: &'a Lake,
    pub(crate) state: &'a RwLock<LakeState>,
    pub(crate) table: &'a TableName,
    pub(crate) made: &'a Made,
    pub(crate) date: SnapshotDate,
}

impl TableSource for Snapshot<'_> {
    fn table(&self, name: &TableName) -> Result<Option<Arc<dyn TableProvider>>, DataFusionError> {
        if let Some(reference) = self.resolved.references.get(name) {
            return reference.table().map(Some);
        }
        let Some(promised) = self.resolved.contract(name) else {
            return Ok(None);
        };
        let contract = schema::of_contract(promised);
        let store = store_url(self.lake)?;
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let table = match self.made.history.get(name) {
            Some(history) => {
                let files = state.history(name, self.date, *history).into_iter();
                let files = files.filter(|m| name != self.table || m.date != self.date);
                let files = files.filter_map(|m| file(self.lake, m)).collect();
                LakeTable::of_history(store, contract, files)
            }
            None => {
                let manifest = state.readable(name, self.date);
                LakeTable::of_snapshot(store, contract, manifest.and_then(|m| file(self.lake, m)))
            }
        };
        Ok(Some(Arc::new(table.in_order_of(promised))))
    }
}

impl Snapshot<'_> {
    fn tables(&self, query: &ReadOnly) -> Result<Tables, DataFusionError> {
        let mut tables = Tables::default();
        for (name, _) in query.tables() {
            if let Some(table) = self.table(name)? {
                tables.insert(name.clone(), table);
            }
        }
        Ok(tables)
    }
}

/// The store of a lake, under the name by which the session knows it.
pub(crate) fn store_url(lake: &Lake) -> Result<ObjectStoreUrl, DataFusionError> {
    ObjectStoreUrl::parse(lake.store_url())
}

/// The file of a partition, if it has one.
pub(crate) fn file(lake: &Lake, manifest: &Manifest) -> Option<TableFile> {
    let file = manifest.file()?;
    Some(TableFile {
        path: lake.locate(&file.file),
        bytes: file.bytes,
        rows: file.rows,
        date: manifest.date,
    })
}

/// A staged partition, as a table.
pub(crate) fn staged_table(
    staged: &Staged,
    contract: &Contract,
    date: SnapshotDate,
) -> Result<LakeTable, DataFusionError> {
    let object = staged
        .object()
        .map_err(|e| DataFusionError::External(Box::new(e)))?;
    let file = TableFile {
        path: object.location,
        bytes: object.bytes,
        rows: staged.facts().rows,
        date,
    };
    let store = ObjectStoreUrl::parse(object.store_url)?;
    let table = LakeTable::of_snapshot(store, schema::of_contract(contract), Some(file));
    Ok(table.in_order_of(contract))
}

/// The contract's columns, of the contract's types.
pub(crate) fn projection(contract: &Contract) -> Vec<Expr> {
    contract
        .columns
        .iter()
        .map(|column| {
            let name = column.name.as_str();
            cast(ident(name), schema::data_type(column.data_type)).alias(name)
        })
        .collect()
}

/// A bound as a literal.
pub(crate) fn number(bound: Number) -> Expr {
    match bound {
        Number::Int(value) => lit(value),
        Number::Float(value) => lit(value),
    }
}

/// The contract's order.
pub(crate) fn ordering(contract: &Contract) -> Vec<SortExpr> {
    contract
        .sort
        .iter()
        .map(|column| ident(column.as_str()).sort(true, false))
        .collect()
}

/// A staged partition, and what was seen of its rows on their way.
pub(crate) struct Written {
    pub(crate) staged: Staged,
    pub(crate) seen: Seen,
}

/// Runs a job's query and writes what comes out to staging.
pub(crate) async fn job(
    snapshot: Snapshot<'_>,
    job: &Job,
    query: &ReadOnly,
    rows: &Rows<'_>,
) -> Result<Written, StepError> {
    let Snapshot {
        resolved,
        lake,
        made,
        date,
        ..
    } = snapshot;
    let tables = snapshot.tables(query)?;
    let statement = query.bind(&resolved.parameters(made, date))?;
    let (state, plan) = resolved.session.plan(statement, &tables).await?;
    let frame = DataFrame::new(state, plan);
    let frame = frame.select(projection(&job.contract))?;
    let frame = frame.sort(ordering(&job.contract))?;
    let context = Arc::new(frame.task_ctx());
    let plan = frame.create_physical_plan().await?;
    let mut batches = ahead::made(&plan, &context);
    let mut writer =
        Writer::open(lake, resolved, &job.name.value, &job.contract, made, date).await?;
    while let Some(batch) = batches.next().await {
        writer.write(&batch?)?;
        rows.seen(writer.rows);
    }
    let written = writer.finish().await?;
    tracing::debug!(
        "{} was made by\n{}",
        job.name.value,
        DisplayableExecutionPlan::with_metrics(plan.as_ref()).indent(false)
    );
    Ok(written)
}

/// Writes a table's batches to staging and sees that they come in the table's
/// order and that nothing is null that may not be.
pub(crate) struct Writer {
    stage: hubcensus_lake::Stage,
    schema: SchemaRef,
    date: SnapshotDate,
    order: Watch,
    keys: Keys,
    /// The places of the key's columns.
    key: Vec<usize>,
    kept: Kept,
    nulls: Vec<Violation>,
    pub(crate) rows: u64,
}

impl Writer {
    pub(crate) async fn open(
        lake: &Lake,
        resolved: &Resolved,
        table: &TableName,
        contract: &Contract,
        made: &Made,
        date: SnapshotDate,
    ) -> Result<Self, StepError> {
        let schema = schema::of_file(contract);
        let parameters = resolved.parameters(made, date);
        let kept = Kept::of(
            &resolved.session,
            table,
            contract,
            &made.checks,
            &parameters,
        )
        .await?;
        let definition = made.definition.total();
        let contract_print = made.definition.part("contract");
        let spec = FileSpec {
            schema: Arc::clone(&schema),
            sorting: contract
                .sort
                .iter()
                .map(|column| column.value.clone())
                .collect(),
            metadata: vec![
                ("hubcensus.table".to_owned(), table.to_string()),
                ("hubcensus.snapshot_date".to_owned(), date.to_string()),
                ("hubcensus.definition".to_owned(), definition),
                ("hubcensus.contract".to_owned(), contract_print),
            ],
        };
        let stage = lake.stage(table, date, spec).await?;
        let place = |key: &str| contract.columns.iter().position(|c| c.name.as_str() == key);
        let key = contract.key.iter().filter_map(|key| place(key.as_str()));
        Ok(Self {
            stage,
            schema,
            date,
            order: Watch::new(contract),
            keys: Keys::default(),
            key: key.collect(),
            kept,
            nulls: Vec::new(),
            rows: 0,
        })
    }

    /// Takes the contract's columns and adds the snapshot's date.
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), StepError> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        self.rows += batch.num_rows() as u64;
        if self.find_nulls(batch)? {
            return Ok(());
        }
        if let Some(row) = self.order.see(batch).map_err(DataFusionError::from)? {
            return Err(StepError::OutOfOrder {
                row,
                columns: self.order.columns(),
            });
        }
        let keys = batch.project(&self.key).map_err(DataFusionError::from)?;
        self.keys.see(&keys)?;
        let date = ScalarValue::Date32(Some(self.date.days_since_epoch()))
            .to_array_of_size(batch.num_rows())?;
        let mut columns = batch.columns().to_vec();
        columns.push(date);
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns)
            .map_err(DataFusionError::from)?;
        self.kept.see(&batch);
        self.stage.write(&batch)?;
        Ok(())
    }

    /// Whether a column has a null that its contract forbids; the rows are
    /// kept for the report.
    fn find_nulls(&mut self, batch: &RecordBatch) -> Result<bool, StepError> {
        for (field, column) in self.schema.fields().iter().zip(batch.columns()) {
            if field.is_nullable() || column.null_count() == 0 || field.name() == OBSERVED_DATE {
                continue;
            }
            let mask = arrow::compute::is_null(column).map_err(DataFusionError::from)?;
            let rows =
                arrow::compute::filter_record_batch(batch, &mask).map_err(DataFusionError::from)?;
            let name = format!("{} is not null", field.name());
            let count = rows.num_rows() as u64;
            match self
                .nulls
                .iter_mut()
                .find(|violation| violation.check == name)
            {
                Some(violation) => violation.rows += count,
                None => self.nulls.push(Violation::error(name, count, &head(&rows))),
            }
        }
        Ok(!self.nulls.is_empty())
    }

    /// Ends the file; with nulls where none may be, what came before them is
    /// kept aside with the rows that have them.
    pub(crate) async fn finish(self) -> Result<Written, StepError> {
        let staged = self.stage.finish()?;
        if self.nulls.is_empty() {
            return Ok(Written {
                staged,
                seen: Seen {
                    keys_differ: self.keys.all_differ(),
                    kept: self.kept.names(),
                },
            });
        }
        Err(outcome::reject(staged, self.nulls).await?)
    }
}

fn head(batch: &RecordBatch) -> RecordBatch {
    batch.slice(0, batch.num_rows().min(SHOWN))
}

/// Everything that a query gives, counted, and its first rows.
pub(crate) async fn count_and_sample(
    frame: DataFrame,
    keep: usize,
) -> Result<(u64, RecordBatch), DataFusionError> {
    let mut stream = frame.execute_stream().await?;
    let mut count = 0;
    let mut kept = Vec::new();
    let mut room = keep;
    let schema = stream.schema();
    while let Some(batch) = stream.next().await {
        let batch = batch?;
        count += batch.num_rows() as u64;
        let take = batch.num_rows().min(room);
        if take > 0 {
            kept.push(batch.slice(0, take));
            room -= take;
        }
    }
    Ok((count, concat_batches(&schema, &kept)?))
}

/// One batch as a table.
pub(crate) fn memory(batch: RecordBatch) -> Result<Arc<MemTable>, DataFusionError> {
    Ok(Arc::new(MemTable::try_new(
        batch.schema(),
        vec![vec![batch]],
    )?))
}
