//! Rows that come in the order of the first columns, part by part.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::BatchCoalescer;
use datafusion::common::Result;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr_common::utils::evaluate_expressions_to_arrays;
use futures::stream::{self, Stream, StreamExt as _};

use crate::runs::Runs;

/// Batches that a part has at least: fewer are not worth a sort of their own.
const BATCHES: usize = 8;

/// The rows that were taken in and are not given on.
pub(super) struct Parts {
    rows: SendableRecordBatchStream,
    /// The columns that the rows come in the order of.
    first: Vec<Arc<dyn PhysicalExpr>>,
    runs: Runs,
    part: BatchCoalescer,
    enough: usize,
    held: usize,
    /// Rows behind the end of the last part that was given on.
    next: Option<RecordBatch>,
}

impl Parts {
    /// Parts of whole runs of equal values in the `first` columns, each in
    /// batches of some `size` rows.
    pub(super) fn of(
        rows: SendableRecordBatchStream,
        first: Vec<Arc<dyn PhysicalExpr>>,
        size: usize,
    ) -> impl Stream<Item = Result<Vec<RecordBatch>>> + Send {
        let part = BatchCoalescer::new(rows.schema(), size)
            .with_biggest_coalesce_batch_size(Some(size / 2));
        let parts = Self {
            rows,
            first,
            runs: Runs::default(),
            part,
            enough: size * BATCHES,
            held: 0,
            next: None,
        };
        stream::try_unfold(parts, |mut parts| async move {
            let part = parts.part().await?;
            Ok(part.map(|part| (part, parts)))
        })
    }

    async fn part(&mut self) -> Result<Option<Vec<RecordBatch>>> {
        if let Some(next) = self.next.take() {
            self.hold(next)?;
        }
        while let Some(batch) = self.rows.next().await.transpose()? {
            let rows = batch.num_rows();
            let values = evaluate_expressions_to_arrays(&self.first, &batch)?;
            let cut = self.runs.cut(&values, rows)?;
            // The last run that begins here may go on in the next batch.
            let begins = cut.ranges.last().map_or(0, |last| last.start);
            let is_new = begins > 0 || !cut.goes_on;
            if rows > 0 && is_new && self.held + begins >= self.enough {
                self.hold(batch.slice(0, begins))?;
                self.next = Some(batch.slice(begins, rows - begins));
                return self.end().map(Some);
            }
            self.hold(batch)?;
        }
        if self.held == 0 {
            return Ok(None);
        }
        self.end().map(Some)
    }

    fn hold(&mut self, batch: RecordBatch) -> Result<()> {
        self.held += batch.num_rows();
        Ok(self.part.push_batch(batch)?)
    }

    fn end(&mut self) -> Result<Vec<RecordBatch>> {
        self.held = 0;
        self.part.finish_buffered_batch()?;
        let batches = std::iter::from_fn(|| self.part.next_completed_batch());
        Ok(batches.collect())
    }
}
