//! From a job and a date to a written partition: the query over the snapshot's
//! tables, its columns as the contract has them, in the contract's order.

use std::sync::{Arc, PoisonError, RwLock};

use arrow::array::AsArray as _;
use datafusion::catalog::TableProvider;
use datafusion::common::DataFusionError;
use datafusion::dataframe::DataFrame;
use datafusion::datasource::provider_as_source;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::LogicalPlanBuilder;
use datafusion::physical_plan::display::DisplayableExecutionPlan;
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::ident;
use futures::StreamExt as _;
use hubcensus_exec::prefetch;
use hubcensus_lake::{Lake, Staged};
use hubcensus_spec::{Contract, PartitionId, SnapshotDate, TableName};

use crate::audit::TableSource;
use crate::origin::DataOrigin;
use crate::plan::lake_state::LakeState;
use crate::query::frame;
use crate::query::lake_table::{Dated, LakeTable, TableFile, store_url};
use crate::query::schema;
use crate::query::session::Tables;
use crate::query::sql::ReadOnly;
use crate::resolve::resolved::{Recipe, Resolved, ResolvedJob};
use crate::run::event::RowProgress;
use crate::run::step_error::StepError;
use crate::run::writer::{StagedPartition, Writer};

/// One snapshot, as a table that is made from it sees the lake.
#[derive(Clone, Copy)]
pub(crate) struct SnapshotView<'a> {
    pub(crate) resolved: &'a Resolved,
    pub(crate) lake: &'a Lake,
    pub(crate) state: &'a RwLock<LakeState>,
    pub(crate) id: &'a PartitionId,
    pub(crate) recipe: &'a Recipe,
}

impl TableSource for SnapshotView<'_> {
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
        let table = match self.recipe.history.get(name) {
            Some(history) => {
                let files = state.history(name, self.id.date, history).into_iter();
                let files = files.filter(|(_, m)| m.id != *self.id);
                let files = files.filter_map(|(window, manifest)| {
                    Some(TableFile::of(self.lake, manifest)?.of_window(window))
                });
                LakeTable::of_history(store, contract, files.collect(), Dated::of(history))
            }
            None => {
                let manifest = state.readable(&PartitionId::new(name.clone(), self.id.date));
                let file = manifest.and_then(|m| TableFile::of(self.lake, m));
                LakeTable::of_snapshot(store, contract, file)
            }
        };
        Ok(Some(Arc::new(table.in_order_of(promised))))
    }
}

impl SnapshotView<'_> {
    /// The first value of a text column that is not null.
    pub(super) async fn first_text(
        &self,
        table: &TableName,
        column: &str,
    ) -> Result<Option<String>, StepError> {
        let Some(provider) = self.table(table)? else {
            return Ok(None);
        };
        let state = self.resolved.session.seeing(&Tables::default())?;
        let plan = LogicalPlanBuilder::scan(table.to_string(), provider_as_source(provider), None)?
            .filter(ident(column).is_not_null())?
            .project([ident(column)])?
            .limit(0, Some(1))?
            .build()?;
        let batches = DataFrame::new(state, plan).collect().await?;
        let found = batches.iter().find(|batch| batch.num_rows() > 0);
        let texts = found.and_then(|batch| batch.column(0).as_string_opt::<i32>());
        Ok(texts.map(|texts| texts.value(0).to_owned()))
    }

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
        window: 0,
    };
    let store = ObjectStoreUrl::parse(object.store_url)?;
    let table = LakeTable::of_snapshot(store, schema::of_contract(contract), Some(file));
    Ok(table.in_order_of(contract))
}

/// Runs a job's query and writes what comes out to staging. The file says where
/// its data is from.
pub(crate) async fn job(
    snapshot: SnapshotView<'_>,
    job: &ResolvedJob,
    origin: &DataOrigin,
    progress: RowProgress<'_>,
) -> Result<StagedPartition, StepError> {
    let SnapshotView {
        resolved,
        lake,
        id,
        recipe,
        ..
    } = snapshot;
    let contract = &job.job.contract;
    let tables = snapshot.tables(&job.query)?;
    let statement = job.query.bind(&recipe.parameters(id.date))?;
    let (state, plan) = resolved.session.plan(statement, &tables).await?;
    let frame = DataFrame::new(state, plan);
    let frame = frame.select(frame::projection(contract))?;
    let frame = frame.sort(frame::ordering(contract))?;
    let context = Arc::new(frame.task_ctx());
    let plan = frame.create_physical_plan().await?;
    let mut batches = prefetch(execute_stream(Arc::clone(&plan), context)?);
    let session = &resolved.session;
    let mut writer = Writer::open(lake, session, id, contract, recipe, origin).await?;
    while let Some(batch) = batches.next().await {
        writer.write(&batch?)?;
        progress.written(writer.rows);
    }
    let staged = writer.finish().await?;
    tracing::debug!(
        "{} was made by\n{}",
        id.table,
        DisplayableExecutionPlan::with_metrics(plan.as_ref()).indent(false)
    );
    Ok(staged)
}
