//! A source's file as a table that can be read once.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::datatypes::SchemaRef;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::common::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::streaming::PartitionStream;
use hubcensus_hub::read::{self, Partition};

use crate::run::rejects::{RejectLog, Rejected};

/// A file's partitions as a table that can be read once.
pub(super) fn table(
    reader: read::Reader,
    partitions: usize,
    rejects: &RejectLog,
) -> Result<StreamingTable, DataFusionError> {
    let schema = reader.schema();
    let partitions = reader
        .split(partitions)
        .into_iter()
        .map(|partition| -> Arc<dyn PartitionStream> {
            Arc::new(FilePart {
                schema: Arc::clone(&schema),
                partition: Mutex::new(Some(partition)),
                rejects: rejects.clone(),
            })
        })
        .collect();
    StreamingTable::try_new(schema, partitions)
}

struct FilePart {
    schema: SchemaRef,
    partition: Mutex<Option<Partition>>,
    rejects: RejectLog,
}

impl fmt::Debug for FilePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilePart")
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}

impl PartitionStream for FilePart {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let partition = self
            .partition
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let rejects = self.rejects.clone();
        let mut builder = RecordBatchReceiverStream::builder(Arc::clone(&self.schema), 2);
        let sender = builder.tx();
        builder.spawn_blocking(move || {
            for chunk in partition.into_iter().flatten() {
                let chunk = chunk.map_err(|e| DataFusionError::External(Box::new(e)))?;
                rejects.read((chunk.batch.num_rows() + chunk.rejects.len()) as u64);
                for reject in chunk.rejects {
                    rejects.add(Rejected {
                        row: reject.row,
                        reason: reject.reason.as_str().to_owned(),
                        detail: reject.detail,
                        content: reject.content,
                    });
                }
                if sender.blocking_send(Ok(chunk.batch)).is_err() {
                    break;
                }
            }
            Ok(())
        });
        builder.build()
    }
}
