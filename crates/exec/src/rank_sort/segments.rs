//! Segments of rows that are in the order of the first columns: consecutive runs of
//! equal values there, several in one segment.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::BatchCoalescer;
use datafusion::common::Result;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::MemoryReservation;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr_common::utils::evaluate_expressions_to_arrays;
use futures::stream::{self, Stream, StreamExt as _};

use super::memory_size;
use crate::runs::Runs;

/// The batches of a segment, at least: fewer are not worth a sort of their own.
const MIN_BATCHES: usize = 8;

/// An input cut into segments.
pub(super) struct Segments {
    input: SendableRecordBatchStream,
    /// The columns that the rows are in the order of.
    first: Vec<Arc<dyn PhysicalExpr>>,
    runs: Runs,
    /// The rows of the current segment, and how many they are.
    segment: BatchCoalescer,
    rows: usize,
    min_rows: usize,
    /// Rows after the end of the last segment.
    next: Option<RecordBatch>,
    reservation: Arc<MemoryReservation>,
}

impl Segments {
    /// Segments of whole runs of equal values in the `first` columns, each in
    /// batches of about some size. One is dropped before the next is asked for.
    pub(super) fn stream(
        input: SendableRecordBatchStream,
        first: Vec<Arc<dyn PhysicalExpr>>,
        batch_size: usize,
        reservation: Arc<MemoryReservation>,
    ) -> impl Stream<Item = Result<Vec<RecordBatch>>> + Send {
        let segment = BatchCoalescer::new(input.schema(), batch_size)
            .with_biggest_coalesce_batch_size(Some(batch_size / 2));
        let segments = Self {
            input,
            first,
            runs: Runs::default(),
            segment,
            rows: 0,
            min_rows: batch_size * MIN_BATCHES,
            next: None,
            reservation,
        };
        stream::try_unfold(segments, |mut segments| async move {
            let segment = segments.next().await?;
            Ok(segment.map(|segment| (segment, segments)))
        })
    }

    async fn next(&mut self) -> Result<Option<Vec<RecordBatch>>> {
        self.reservation.free();
        if let Some(next) = self.next.take() {
            self.push(next)?;
        }
        while let Some(batch) = self.input.next().await.transpose()? {
            let rows = batch.num_rows();
            let values = evaluate_expressions_to_arrays(&self.first, &batch)?;
            let cut = self.runs.cut(&values, rows)?;
            // The last run that begins here may continue in the next batch.
            let begins = cut.ranges.last().map_or(0, |last| last.start);
            let is_new = begins > 0 || !cut.continues;
            if rows > 0 && is_new && self.rows + begins >= self.min_rows {
                self.push(batch.slice(0, begins))?;
                self.next = Some(batch.slice(begins, rows - begins));
                return self.end().map(Some);
            }
            self.push(batch)?;
        }
        if self.rows == 0 {
            return Ok(None);
        }
        self.end().map(Some)
    }

    fn push(&mut self, batch: RecordBatch) -> Result<()> {
        self.rows += batch.num_rows();
        self.reservation.try_grow(memory_size(&batch))?;
        Ok(self.segment.push_batch(batch)?)
    }

    fn end(&mut self) -> Result<Vec<RecordBatch>> {
        self.rows = 0;
        self.segment.finish_buffered_batch()?;
        let batches = std::iter::from_fn(|| self.segment.next_completed_batch());
        Ok(batches.collect())
    }
}
