//! Rows made ahead, so that a plan is carried out by several processors.

use std::sync::Arc;

use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use futures::StreamExt as _;

/// Batches that may wait to be asked for.
const AHEAD: usize = 2;

/// A plan's batches, made on whatever processor is free.
pub fn prefetch(
    plan: &Arc<dyn ExecutionPlan>,
    context: &Arc<TaskContext>,
) -> SendableRecordBatchStream {
    let mut made = RecordBatchReceiverStream::builder(plan.schema(), AHEAD);
    let (plan, context, to) = (Arc::clone(plan), Arc::clone(context), made.tx());
    made.spawn(async move {
        let mut batches = execute_stream(plan, context)?;
        while let Some(batch) = batches.next().await {
            let ends = batch.is_err();
            if to.send(batch).await.is_err() || ends {
                break;
            }
        }
        Ok(())
    });
    made.build()
}
