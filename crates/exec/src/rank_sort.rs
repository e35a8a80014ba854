//! Sorting by ranks.
//!
//! DataFusion sorts each batch by comparing rows and merges the batches, which
//! copies every row twice. Here the order is computed first, from ranks that are
//! packed into numbers (see [`ranks`]), and the rows are gathered once; rows that
//! are in order already, as they mostly are above a window function, are not
//! gathered. Rows that are in the order of the first columns are sorted segment by
//! segment, and each is output before the next.

mod gather;
mod ranks;
mod segments;

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::BatchCoalescer;
use arrow::datatypes::SchemaRef;
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{
    DataFusionError, Result, Statistics, internal_datafusion_err, internal_err,
};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{EquivalenceProperties, LexOrdering, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::statistics::StatisticsArgs;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties as _, Partitioning,
    PlanProperties,
};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};

use gather::RowIndex;
use gather::Rows;
use ranks::Key;
use segments::Segments;

use crate::order::Sequence;
use crate::stands_for::StandsFor;

/// Batches gathered ahead for each processor: who asks for them waits for the
/// encoder now and then.
const GATHERED_AHEAD: usize = 2;

/// Bytes for each row besides its values: its packed ranks, and its index.
const BYTES_OF_ROW: usize = size_of::<u128>() + size_of::<RowIndex>();

/// A sort by ranks in place of a sort, and of a merge of sorted partitions.
pub(crate) fn in_place_of(plan: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let sort = match plan.downcast_ref::<SortPreservingMergeExec>() {
        Some(merge) => merge
            .input()
            .downcast_ref::<SortExec>()
            .filter(|sort| merge.fetch().is_none() && sort.expr() == merge.expr()),
        None => plan
            .downcast_ref::<SortExec>()
            .filter(|sort| sort.input().output_partitioning().partition_count() == 1),
    };
    let sort = sort.filter(|sort| sort.fetch().is_none());
    sort.map(RankSortExec::over).transpose()
}

/// Sorts the rows of all partitions; equal rows keep their order.
#[derive(Debug)]
pub(crate) struct RankSortExec {
    input: Arc<dyn ExecutionPlan>,
    by: LexOrdering,
    /// How many of the first columns the rows are in the order of.
    ordered: usize,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl RankSortExec {
    /// In place of a sort: its input, if that is known to be in order.
    fn over(sort: &SortExec) -> Result<Arc<dyn ExecutionPlan>> {
        let input = sort.input();
        if input.output_partitioning().partition_count() == 1
            && input
                .equivalence_properties()
                .ordering_satisfy(sort.expr().clone())?
        {
            return Ok(Arc::clone(input));
        }
        let sorted = Self::new(Arc::clone(sort.input()), sort.expr().clone())?;
        Ok(Arc::new(sorted))
    }

    fn new(input: Arc<dyn ExecutionPlan>, by: LexOrdering) -> Result<Self> {
        // Equal and constant values stay so.
        let mut known = input.equivalence_properties().clone();
        let ordered = if input.output_partitioning().partition_count() > 1 {
            known.clear_per_partition_constants();
            0
        } else {
            ordered(&known, &by)?
        };
        known.reorder(by.clone())?;
        let properties = PlanProperties::new(
            known,
            Partitioning::UnknownPartitioning(1),
            EmissionType::Final,
            Boundedness::Bounded,
        );
        Ok(Self {
            input,
            by,
            ordered,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        })
    }
}

/// How many of the first columns the rows are known to be in the order of.
fn ordered(known: &EquivalenceProperties, by: &LexOrdering) -> Result<usize> {
    for columns in (1..by.len()).rev() {
        if known.ordering_satisfy(by.iter().take(columns).cloned())? {
            return Ok(columns);
        }
    }
    Ok(0)
}

impl StandsFor for RankSortExec {
    fn original(&self) -> Result<Arc<dyn ExecutionPlan>> {
        let input = Arc::clone(&self.input);
        if input.output_partitioning().partition_count() == 1 {
            return Ok(Arc::new(SortExec::new(self.by.clone(), input)));
        }
        let sorted = SortExec::new(self.by.clone(), input).with_preserve_partitioning(true);
        let merged = SortPreservingMergeExec::new(self.by.clone(), Arc::new(sorted));
        Ok(Arc::new(merged))
    }
}

impl DisplayAs for RankSortExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RankSortExec: by=[{}]", self.by)?;
        match self.ordered {
            0 => Ok(()),
            columns => write!(f, ", in the order of the first {columns}"),
        }
    }
}

impl ExecutionPlan for RankSortExec {
    fn name(&self) -> &'static str {
        "RankSortExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        let mut recursion = TreeNodeRecursion::Continue;
        for sort in &self.by {
            recursion = recursion.visit_sibling(|| f(&sort.expr))?;
        }
        Ok(recursion)
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match children.pop() {
            Some(input) if children.is_empty() => Ok(Arc::new(Self::new(input, self.by.clone())?)),
            _ => internal_err!("a sort has one input"),
        }
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let consumer = MemoryConsumer::new(format!("RankSortExec[{partition}]"));
        let reservation = Arc::new(consumer.register(context.memory_pool()));
        let sorting = Sorting {
            schema: self.schema(),
            by: self.by.clone(),
            batch_size: context.session_config().batch_size(),
            cores: context.session_config().target_partitions(),
            is_likely_sorted: self.ordered > 0,
            reservation,
            metrics: BaselineMetrics::new(&self.metrics, partition),
        };
        let schema = self.schema();
        let batches = if self.ordered == 0 {
            let memory = Arc::clone(&sorting.reservation);
            let rows = collected(Arc::clone(&self.input), sorting.batch_size, memory, context);
            stream::once(rows).left_stream()
        } else {
            let first = self.by.iter().take(self.ordered);
            let first = first.map(|sort| Arc::clone(&sort.expr)).collect();
            let input = self.input.execute(0, context)?;
            let memory = Arc::clone(&sorting.reservation);
            Segments::stream(input, first, sorting.batch_size, memory).right_stream()
        };
        let sorted = batches.map(move |batches| sorting.sorted(batches?));
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            schema,
            sorted.try_flatten(),
        )))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn statistics_from_inputs(
        &self,
        input: &[Arc<Statistics>],
        _args: &StatisticsArgs,
    ) -> Result<Arc<Statistics>> {
        match input {
            [one] => Ok(Arc::clone(one)),
            _ => internal_err!("a sort has one input"),
        }
    }
}

/// How rows are sorted.
struct Sorting {
    schema: SchemaRef,
    by: LexOrdering,
    batch_size: usize,
    cores: usize,
    /// The rows are in the order of the first columns; above a window, in that of
    /// all.
    is_likely_sorted: bool,
    /// Of the rows that are sorted at a time.
    reservation: Arc<MemoryReservation>,
    metrics: BaselineMetrics,
}

impl Sorting {
    fn sorted(
        &self,
        batches: Vec<RecordBatch>,
    ) -> Result<impl stream::Stream<Item = Result<RecordBatch>> + Send + use<>> {
        let metrics = self.metrics.clone();
        let timer = metrics.elapsed_compute().timer();
        let Some((order, rows)) = self.order(&batches)? else {
            timer.done();
            let given = batches.into_iter();
            let given = given.inspect(move |batch| metrics.record_output(batch.num_rows()));
            return Ok(stream::iter(given.map(Ok)).left_stream());
        };
        drop(batches);
        let (rows, order) = (Arc::new(rows), Arc::new(order));
        timer.done();
        let (size, cores) = (self.batch_size, self.cores);
        let ends = (0..order.len()).step_by(size);
        let gathered = ends.map(move |from| {
            let (rows, order) = (Arc::clone(&rows), Arc::clone(&order));
            let metrics = metrics.clone();
            let gather = move || {
                let _timer = metrics.elapsed_compute().timer();
                let to = order.len().min(from + size);
                let gathered = rows.gather(order.get(from..to).unwrap_or_default())?;
                metrics.record_output(gathered.num_rows());
                Ok(gathered)
            };
            async move {
                if cores == 1 {
                    return gather();
                }
                SpawnedTask::spawn_blocking(gather)
                    .join()
                    .await
                    .map_err(|error| DataFusionError::External(Box::new(error)))?
            }
        });
        Ok(stream::iter(gathered)
            .buffered(GATHERED_AHEAD * cores)
            .right_stream())
    }

    /// The order of the rows, and the rows to be put into it; `None` if they are
    /// in order.
    fn order(&self, batches: &[RecordBatch]) -> Result<Option<(Vec<RowIndex>, Rows)>> {
        let rows = || Rows::new(Arc::clone(&self.schema), batches.to_vec());
        if self.is_likely_sorted {
            if is_sorted(batches, &self.by)? {
                return Ok(None);
            }
            let order = order(batches, &self.by, None, 1)?;
            return Ok(order.map(|order| (order, rows())));
        }
        if self.cores == 1 {
            let rows = rows();
            let order = order(batches, &self.by, Some(&rows), 1)?;
            return Ok(order.map(|order| (order, rows)));
        }
        std::thread::scope(|scope| {
            let rows = scope.spawn(rows);
            let order = order(batches, &self.by, None, self.cores)?;
            let rows = rows.join();
            let rows = rows.map_err(|_| internal_datafusion_err!("rows cannot be sorted"))?;
            Ok(order.map(|order| (order, rows)))
        })
    }
}

/// All rows of a plan, its partitions side by side, in batches of about some size.
async fn collected(
    input: Arc<dyn ExecutionPlan>,
    batch_size: usize,
    reservation: Arc<MemoryReservation>,
    context: Arc<TaskContext>,
) -> Result<Vec<RecordBatch>> {
    let partitions = input.output_partitioning().partition_count();
    if partitions == 1 {
        return coalesced(input.execute(0, context)?, batch_size, reservation).await;
    }
    let tasks: Vec<_> = (0..partitions)
        .map(|partition| {
            let stream = input.execute(partition, Arc::clone(&context))?;
            let batches = coalesced(stream, batch_size, Arc::clone(&reservation));
            Ok(SpawnedTask::spawn(batches))
        })
        .collect::<Result<_>>()?;
    let mut batches = Vec::new();
    for task in tasks {
        let done = task.join().await;
        batches.extend(done.map_err(|error| DataFusionError::External(Box::new(error)))??);
    }
    Ok(batches)
}

/// A stream's rows; small batches are put together.
async fn coalesced(
    mut stream: SendableRecordBatchStream,
    batch_size: usize,
    reservation: Arc<MemoryReservation>,
) -> Result<Vec<RecordBatch>> {
    let mut coalescer = BatchCoalescer::new(stream.schema(), batch_size)
        .with_biggest_coalesce_batch_size(Some(batch_size / 2));
    let mut batches = Vec::new();
    while let Some(batch) = stream.next().await.transpose()? {
        reservation.try_grow(memory_size(&batch))?;
        coalescer.push_batch(batch)?;
        while let Some(batch) = coalescer.next_completed_batch() {
            batches.push(batch);
        }
    }
    coalescer.finish_buffered_batch()?;
    while let Some(batch) = coalescer.next_completed_batch() {
        batches.push(batch);
    }
    Ok(batches)
}

/// The bytes that sorting a batch takes.
fn memory_size(batch: &RecordBatch) -> usize {
    batch.get_array_memory_size() + batch.num_rows() * BYTES_OF_ROW
}

/// Whether rows are in order as they are.
fn is_sorted(batches: &[RecordBatch], by: &LexOrdering) -> Result<bool> {
    let mut rows = Sequence::default();
    for batch in batches {
        let columns = by.iter().map(|sort| sort.evaluate_to_sort_column(batch));
        let columns = columns.collect::<Result<Vec<_>>>()?;
        if rows.first_behind(&columns)?.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}

fn order(
    batches: &[RecordBatch],
    by: &LexOrdering,
    rows: Option<&Rows>,
    cores: usize,
) -> Result<Option<Vec<RowIndex>>> {
    let sizes: Vec<usize> = batches.iter().map(RecordBatch::num_rows).collect();
    let keys = by.iter().map(|sort| {
        let parts = batches.iter();
        let parts = parts.map(|batch| sort.expr.evaluate(batch)?.into_array(batch.num_rows()));
        let column = sort.expr.downcast_ref::<Column>();
        Ok(Key {
            parts: parts.collect::<Result<_>>()?,
            options: sort.options,
            dictionary: rows
                .zip(column)
                .and_then(|(rows, c)| rows.dictionary(c.index())),
        })
    });
    let keys = keys.collect::<Result<Vec<Key<'_>>>>()?;
    Ok(ranks::order(&sizes, &keys, cores)?)
}

#[cfg(test)]
mod tests;
