//! The rows that were set aside when a table's snapshots were read.

use std::sync::Arc;

use arrow::compute::concat_batches;
use datafusion::catalog::TableProvider;
use datafusion::common::DataFusionError;
use hubcensus_lake::Lake;
use hubcensus_spec::{PartitionId, SnapshotDate, TableName};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::error::EngineError;
use crate::inspect::provenance::{Provenance, ReadTable, Snapshots};
use crate::origin;
use crate::query::frame;

/// The set-aside rows of the snapshots that are asked for, as a table; which
/// snapshots these are is noted.
///
/// # Errors
///
/// None were set aside; a lake that cannot be read.
pub(super) async fn table(
    lake: &Lake,
    name: &TableName,
    snapshots: &Snapshots,
    provenance: &mut Provenance,
) -> Result<Arc<dyn TableProvider>, EngineError> {
    let there = lake.rejected_dates(name).await?;
    let last = there.last().copied();
    let asked = |date: &SnapshotDate| last.is_some_and(|last| snapshots.include(*date, last));
    let dates: Vec<SnapshotDate> = there.into_iter().filter(asked).collect();
    let mut batches = Vec::new();
    for date in &dates {
        let id = PartitionId::new(name.clone(), *date);
        let Some(file) = lake.rejected_rows(&id).await? else {
            continue;
        };
        let file = ParquetRecordBatchReaderBuilder::try_new(file).map_err(DataFusionError::from)?;
        let generated = origin::generated(file.metadata().file_metadata());
        provenance.generated = provenance.generated.take().or(generated);
        for batch in file.build().map_err(DataFusionError::from)? {
            batches.push(batch.map_err(DataFusionError::from)?);
        }
    }
    let Some(first) = batches.first() else {
        return Err(EngineError::Query(format!(
            "{} has no set-aside rows of {name} of such a date",
            lake.address()
        )));
    };
    let schema = first.schema();
    let batch = concat_batches(&schema, &batches).map_err(DataFusionError::from)?;
    provenance.tables.push(ReadTable {
        name: name.clone(),
        dates,
        skipped: Vec::new(),
        damaged: Vec::new(),
    });
    Ok(frame::memory(batch)?)
}
