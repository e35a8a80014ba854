//! Batches produced ahead of their consumer, so that a plan is executed by
//! several threads.

use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::common::spawn_buffered;

/// Batches that may wait to be asked for.
const BATCHES: usize = 2;

/// The same stream, carried out by a task of its own on whatever thread of the
/// runtime is free; on a runtime of one thread, the stream itself.
pub fn prefetch(stream: SendableRecordBatchStream) -> SendableRecordBatchStream {
    spawn_buffered(stream, BATCHES)
}
