//! A table of the lake as DataFusion reads it: the files that manifests name,
//! and no others.

use std::sync::Arc;

use arrow::compute::SortOptions;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::{DFSchema, Result, ScalarValue, Statistics};
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_expr::{self, LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use hubcensus_lake::{Lake, Manifest};
use hubcensus_spec::{Contract, History, SnapshotDate, WINDOW_DAYS};
use object_store::path::Path;

use crate::query::schema::SNAPSHOT_DATE;

/// One Parquet object of a table.
#[derive(Debug, Clone)]
pub(crate) struct TableFile {
    /// Where it lies in its store.
    pub(crate) path: Path,
    /// Its size in bytes.
    pub(crate) bytes: u64,
    /// How many rows it has.
    pub(crate) rows: u64,
    /// The snapshot that it is of.
    pub(crate) date: SnapshotDate,
    /// The days of the window that it is read for, 0 of the snapshot that is made.
    pub(crate) window: u32,
}

impl TableFile {
    /// The file of a partition, if it has one.
    pub(crate) fn of(lake: &Lake, manifest: &Manifest) -> Option<Self> {
        let file = manifest.file()?;
        Some(Self {
            path: lake.locate(&file.file),
            bytes: file.bytes,
            rows: file.rows,
            date: manifest.id.date,
            window: 0,
        })
    }

    /// The same file, read for a window.
    pub(crate) fn of_window(self, window: u32) -> Self {
        Self { window, ..self }
    }
}

/// The columns that tell the files of a table apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dated {
    /// None: there is one snapshot.
    No,
    /// `snapshot_date`
    ByDate,
    /// `snapshot_date` and `window_days`
    ByWindow,
}

impl Dated {
    /// Of a table that is read with this history.
    pub(crate) fn of(history: &History) -> Self {
        if history.windows().is_empty() {
            Self::ByDate
        } else {
            Self::ByWindow
        }
    }

    fn fields(self) -> Vec<Arc<Field>> {
        let date = || Arc::new(Field::new(SNAPSHOT_DATE, DataType::Date32, false));
        let window = || Arc::new(Field::new(WINDOW_DAYS, DataType::Int64, false));
        match self {
            Self::No => Vec::new(),
            Self::ByDate => vec![date()],
            Self::ByWindow => vec![date(), window()],
        }
    }

    fn values(self, file: &TableFile) -> Vec<ScalarValue> {
        let date = || ScalarValue::Date32(Some(file.date.days_since_epoch()));
        let window = || ScalarValue::Int64(Some(i64::from(file.window)));
        match self {
            Self::No => Vec::new(),
            Self::ByDate => vec![date()],
            Self::ByWindow => vec![date(), window()],
        }
    }
}

/// The store of a lake, under the name by which the session knows it.
pub(crate) fn store_url(lake: &Lake) -> Result<ObjectStoreUrl> {
    ObjectStoreUrl::parse(lake.store_url())
}

/// The partitions of one table that a query may read.
#[derive(Debug)]
pub(crate) struct LakeTable {
    store: ObjectStoreUrl,
    table_schema: TableSchema,
    schema: SchemaRef,
    files: Vec<TableFile>,
    dated: Dated,
    /// The columns that each file's rows are in the order of.
    order: Vec<String>,
}

impl LakeTable {
    /// A table over one snapshot: the columns are those of its contract.
    pub(crate) fn of_snapshot(
        store: ObjectStoreUrl,
        contract: SchemaRef,
        file: Option<TableFile>,
    ) -> Self {
        Self::new(store, contract, file.into_iter().collect(), Dated::No)
    }

    /// A table over several snapshots: the contract's columns, and those that
    /// tell the snapshots apart.
    pub(crate) fn of_history(
        store: ObjectStoreUrl,
        contract: SchemaRef,
        files: Vec<TableFile>,
        dated: Dated,
    ) -> Self {
        Self::new(store, contract, files, dated)
    }

    fn new(
        store: ObjectStoreUrl,
        contract: SchemaRef,
        files: Vec<TableFile>,
        dated: Dated,
    ) -> Self {
        let mut table_schema = TableSchema::builder(contract);
        if dated != Dated::No {
            table_schema = table_schema.with_table_partition_cols(dated.fields());
        }
        let table_schema = table_schema.build();
        let schema = Arc::clone(table_schema.table_schema());
        Self {
            store,
            table_schema,
            schema,
            files,
            dated,
            order: Vec::new(),
        }
    }

    /// The same table, known to have each file in the order of its contract.
    pub(crate) fn in_order_of(mut self, contract: &Contract) -> Self {
        self.order = contract.sort.iter().map(|c| c.value.clone()).collect();
        self
    }

    /// The order, as DataFusion says it.
    fn ordering(&self) -> Result<Option<LexOrdering>> {
        let columns = self
            .order
            .iter()
            .map(|column| {
                Ok(PhysicalSortExpr {
                    expr: physical_expr::expressions::col(column, &self.schema)?,
                    options: SortOptions {
                        descending: false,
                        nulls_first: false,
                    },
                })
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(LexOrdering::new(columns))
    }

    /// The schema of a table over several snapshots.
    pub(crate) fn dated_schema(contract: &Schema, dated: Dated) -> SchemaRef {
        let mut fields: Vec<Arc<Field>> = contract.fields().iter().map(Arc::clone).collect();
        fields.extend(dated.fields());
        Arc::new(Schema::new(fields))
    }

    fn partitioned(&self, file: &TableFile) -> PartitionedFile {
        let mut statistics = Statistics::new_unknown(self.table_schema.file_schema());
        statistics.num_rows = Precision::Exact(usize::try_from(file.rows).unwrap_or(usize::MAX));
        statistics.total_byte_size =
            Precision::Inexact(usize::try_from(file.bytes).unwrap_or(usize::MAX));
        let partitioned = PartitionedFile::new(file.path.to_string(), file.bytes);
        partitioned
            .with_partition_values(self.dated.values(file))
            .with_statistics(Arc::new(statistics))
    }
}

#[async_trait]
impl TableProvider for LakeTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if self.files.is_empty() {
            let schema = match projection {
                Some(columns) => Arc::new(self.schema.project(columns)?),
                None => Arc::clone(&self.schema),
            };
            return Ok(Arc::new(EmptyExec::new(schema)));
        }
        let mut source = ParquetSource::new(self.table_schema.clone());
        if let Some(filter) = conjunction(filters.to_vec()) {
            let schema = DFSchema::try_from(Arc::clone(&self.schema))?;
            source = source.with_predicate(state.create_physical_expr(filter, &schema)?);
        }
        let groups: Vec<FileGroup> = self
            .files
            .iter()
            .map(|file| FileGroup::new(vec![self.partitioned(file)]))
            .collect();
        let rows: u64 = self.files.iter().map(|file| file.rows).sum();
        let mut statistics = Statistics::new_unknown(&self.schema);
        statistics.num_rows = Precision::Exact(usize::try_from(rows).unwrap_or(usize::MAX));
        let config = FileScanConfigBuilder::new(self.store.clone(), Arc::new(source))
            .with_file_groups(groups)
            .with_statistics(statistics)
            .with_output_ordering(self.ordering()?.into_iter().collect())
            .with_projection_indices(projection.cloned())?
            .with_limit(if filters.is_empty() { limit } else { None })
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}
