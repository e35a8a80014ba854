//! A table's batches on their way to staging: in the contract's order, without
//! nulls where none may be, and with the inline checks.

use std::sync::Arc;

use arrow::array::{Array as _, RecordBatch};
use arrow::datatypes::SchemaRef;
use datafusion::common::DataFusionError;
use datafusion::scalar::ScalarValue;
use hubcensus_exec::{KeyFingerprints, OrderWatch};
use hubcensus_lake::{FileSpec, Lake, Staged};
use hubcensus_spec::{Contract, PartitionId, SnapshotDate};

use crate::audit::inline::{InlineChecks, InlineFindings};
use crate::audit::violation::Violation;
use crate::origin::DataOrigin;
use crate::query::schema::{self, OBSERVED_DATE};
use crate::query::session::Session;
use crate::resolve::resolved::Recipe;
use crate::run::step_error::{self, StepError};

/// Rows of a batch that a violation shows at most.
const SHOWN: usize = 20;

/// A staged partition, and what its inline checks found.
pub(crate) struct StagedPartition {
    pub(crate) staged: Staged,
    pub(crate) inline: InlineFindings,
}

/// Writes a table's batches to staging and sees that they come in the table's
/// order and that nothing is null that may not be.
pub(crate) struct Writer {
    stage: hubcensus_lake::Stage,
    schema: SchemaRef,
    date: SnapshotDate,
    order: OrderWatch,
    keys: KeyFingerprints,
    /// The places of the key's columns.
    key: Vec<usize>,
    inline: InlineChecks,
    nulls: Vec<Violation>,
    pub(crate) rows: u64,
}

impl Writer {
    pub(crate) async fn open(
        lake: &Lake,
        session: &Session,
        id: &PartitionId,
        contract: &Contract,
        recipe: &Recipe,
        origin: &DataOrigin,
    ) -> Result<Self, StepError> {
        let schema = schema::of_file(contract);
        let parameters = recipe.parameters(id.date);
        let inline =
            InlineChecks::of(session, &id.table, contract, &recipe.checks, &parameters).await?;
        let definition = recipe.definition.total();
        let contract_print = recipe.definition.part("contract");
        let spec = FileSpec {
            schema: Arc::clone(&schema),
            sorting: contract
                .sort
                .iter()
                .map(|column| column.value.clone())
                .collect(),
            metadata: [
                ("hubcensus.table".to_owned(), id.table.to_string()),
                ("hubcensus.snapshot_date".to_owned(), id.date.to_string()),
                ("hubcensus.definition".to_owned(), definition),
                ("hubcensus.contract".to_owned(), contract_print),
            ]
            .into_iter()
            .chain(origin.metadata())
            .collect(),
        };
        let stage = lake.stage(id, spec).await?;
        let place = |key: &str| contract.columns.iter().position(|c| c.name.as_str() == key);
        let key = contract.key.iter().filter_map(|key| place(key.as_str()));
        Ok(Self {
            stage,
            schema,
            date: id.date,
            order: OrderWatch::new(contract.sort.iter().map(|c| c.value.clone()).collect()),
            keys: KeyFingerprints::new(session.memory_pool()),
            key: key.collect(),
            inline,
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
        self.inline.observe(&batch);
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
    pub(crate) async fn finish(self) -> Result<StagedPartition, StepError> {
        let staged = self.stage.finish()?;
        if self.nulls.is_empty() {
            return Ok(StagedPartition {
                staged,
                inline: InlineFindings {
                    keys_differ: self.keys.all_differ(),
                    passed: self.inline.passed(),
                },
            });
        }
        Err(step_error::reject(staged, self.nulls).await?)
    }
}

fn head(batch: &RecordBatch) -> RecordBatch {
    batch.slice(0, batch.num_rows().min(SHOWN))
}
