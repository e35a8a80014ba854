//! Batches that end where runs end.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use datafusion::common::Result;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr_common::utils::evaluate_expressions_to_arrays;
use futures::StreamExt as _;

use crate::runs::Runs;

/// Cuts rows into batches of whole runs.
pub(super) struct WholeRuns {
    input: SendableRecordBatchStream,
    /// The values that are the same within a run.
    run_by: Vec<Arc<dyn PhysicalExpr>>,
    runs: Runs,
    /// The rows of the last run, which may continue.
    open: Vec<RecordBatch>,
    ready: VecDeque<RecordBatch>,
}

impl WholeRuns {
    pub(super) fn new(
        input: SendableRecordBatchStream,
        run_by: Vec<Arc<dyn PhysicalExpr>>,
    ) -> Self {
        Self {
            input,
            run_by,
            runs: Runs::default(),
            open: Vec::new(),
            ready: VecDeque::new(),
        }
    }

    /// How many bytes the rows take that wait for their run to end.
    pub(super) fn memory_size(&self) -> usize {
        let waiting = self.open.iter().chain(&self.ready);
        waiting.map(RecordBatch::get_array_memory_size).sum()
    }

    pub(super) async fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(batch) = self.ready.pop_front() {
                return Ok(Some(batch));
            }
            match self.input.next().await.transpose()? {
                Some(batch) => self.take(&batch)?,
                None if self.open.is_empty() => return Ok(None),
                None => self.end_run()?,
            }
        }
    }

    fn take(&mut self, batch: &RecordBatch) -> Result<()> {
        let values = evaluate_expressions_to_arrays(&self.run_by, batch)?;
        let cut = self.runs.cut(&values, batch.num_rows())?;
        let (Some(first), Some(last)) = (cut.ranges.first(), cut.ranges.last()) else {
            return Ok(());
        };
        let mut from = 0;
        if cut.continues {
            self.open.push(batch.slice(0, first.end));
            if cut.ranges.len() == 1 {
                return Ok(());
            }
            from = first.end;
        }
        self.end_run()?;
        if last.start > from {
            self.ready.push_back(batch.slice(from, last.start - from));
        }
        self.open.push(batch.slice(last.start, last.len()));
        Ok(())
    }

    fn end_run(&mut self) -> Result<()> {
        if let Some(batch) = self.open.first() {
            let run = concat_batches(&batch.schema(), &self.open)?;
            self.ready.push_back(run);
            self.open.clear();
        }
        Ok(())
    }
}
