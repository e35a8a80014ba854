//! Joining many rows with few, whose keys are unique.
//!
//! DataFusion copies all columns of the probe side, as each of its rows may match
//! several of the build side. Where the keys of the build side are unique, a row
//! matches one of them or none: a batch of the probe side all of whose rows are
//! output is passed on as it is, and only the matches are copied. Whether the keys
//! are unique is known when the build side is complete; if they are not,
//! DataFusion's join takes over.

mod build_side;

use std::fmt::{Formatter, Result as Written};
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::{BatchCoalescer, FilterBuilder, is_not_null};
use arrow::datatypes::DataType;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{JoinSide, JoinType, NullEquality, Result, Statistics};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::source::DataSourceExec;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::DynamicFilterPhysicalExpr;
use datafusion::physical_expr::{Distribution, PhysicalExpr};
use datafusion::physical_expr_common::utils::evaluate_expressions_to_arrays;
use datafusion::physical_plan::joins::utils::{ColumnIndex, build_join_schema};
use datafusion::physical_plan::joins::{HashJoinExec, PartitionMode};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::statistics::{ChildStats, StatisticsArgs};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, EmptyRecordBatchStream, ExecutionPlan,
    ExecutionPlanProperties as _, InputDistributionRequirements, PlanProperties,
};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};

use crate::plain::StandsFor;
use crate::prefetch::prefetch;
use build_side::BuildSide;

/// A lookup in place of a hash join, if each row of the probe side needs nothing
/// but its match.
pub(crate) fn in_place_of(plan: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    match plan.downcast_ref::<HashJoinExec>() {
        Some(join) if fits(join)? => Ok(Some(Arc::new(LookupJoinExec {
            join: Arc::new(join.builder().build()?),
            metrics: ExecutionPlanMetricsSet::new(),
        }))),
        _ => Ok(None),
    }
}

fn fits(join: &HashJoinExec) -> Result<bool> {
    let (build, probe) = (join.left(), join.right());
    let is_equi_join = matches!(join.join_type(), JoinType::Inner | JoinType::Right)
        && *join.partition_mode() == PartitionMode::CollectLeft
        && join.filter().is_none()
        && join.fetch().is_none()
        && join.null_equality() == NullEquality::NullEqualsNothing
        && build.output_partitioning().partition_count() == 1
        && probe.output_partitioning().partition_count() == 1;
    if !is_equi_join {
        return Ok(false);
    }
    for (key, probe_key) in join.on() {
        let kind = key.data_type(&build.schema())?;
        let is_exact = kind.is_integer()
            || kind.is_string()
            || matches!(kind, DataType::Boolean | DataType::Date32);
        if !is_exact || kind != probe_key.data_type(&probe.schema())? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A hash join that looks up at most one row for each row of the probe side.
#[derive(Debug)]
pub(crate) struct LookupJoinExec {
    /// DataFusion's join of the same inputs. It provides what this one does, and
    /// takes over where keys repeat.
    join: Arc<HashJoinExec>,
    metrics: ExecutionPlanMetricsSet,
}

impl StandsFor for LookupJoinExec {
    fn original(&self) -> Result<Arc<dyn ExecutionPlan>> {
        self.join.builder().build_exec()
    }
}

impl DisplayAs for LookupJoinExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut Formatter<'_>) -> Written {
        let kind = self.join.join_type();
        write!(f, "LookupJoinExec: join_type={kind:?}, on=[")?;
        for (at, (key, probe_key)) in self.join.on().iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}({key}, {probe_key})")?;
        }
        f.write_str("]")
    }
}

impl ExecutionPlan for LookupJoinExec {
    fn name(&self) -> &'static str {
        "LookupJoinExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.join.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.join.children()
    }

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        InputDistributionRequirements::new(vec![Distribution::SinglePartition; 2])
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        self.join.maintains_input_order()
    }

    fn dynamic_expressions_produced(&self) -> Vec<Arc<dyn PhysicalExpr>> {
        self.join.dynamic_expressions_produced()
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        self.join.apply_expressions(f)
    }

    /// Over other inputs, or the hash join, if it cannot be a lookup over them.
    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let join = self.join.builder().recompute_properties();
        let join = join.with_new_children(children)?.build_exec()?;
        Ok(in_place_of(&join)?.unwrap_or(join))
    }

    fn reset_state(self: Arc<Self>) -> Result<Arc<dyn ExecutionPlan>> {
        let join = self.join.builder().reset_state().build_exec()?;
        Ok(in_place_of(&join)?.unwrap_or(join))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let consumer = MemoryConsumer::new(format!("LookupJoinExec[{partition}]"));
        let reservation = consumer.register(context.memory_pool());
        let joined = joined(Arc::clone(&self.join), context, metrics, reservation);
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            self.schema(),
            stream::once(joined).try_flatten(),
        )))
    }

    /// Its own, and those of the hash join, which are set where that took over.
    fn metrics(&self) -> Option<MetricsSet> {
        let mut all = self.metrics.clone_inner();
        let join = self.join.metrics().unwrap_or_default();
        join.iter().for_each(|metric| all.push(Arc::clone(metric)));
        Some(all)
    }

    fn child_stats_requests(&self, partition: Option<usize>) -> Vec<ChildStats> {
        self.join.child_stats_requests(partition)
    }

    fn statistics_from_inputs(
        &self,
        inputs: &[Arc<Statistics>],
        args: &StatisticsArgs,
    ) -> Result<Arc<Statistics>> {
        self.join.statistics_from_inputs(inputs, args)
    }
}

/// Collects the build side, and only then begins with the probe side.
async fn joined(
    join: Arc<HashJoinExec>,
    context: Arc<TaskContext>,
    metrics: BaselineMetrics,
    reservation: MemoryReservation,
) -> Result<SendableRecordBatchStream> {
    let (left, right) = (join.left(), join.right());
    let mut batches = Vec::new();
    let mut build = left.execute(0, Arc::clone(&context))?;
    while let Some(batch) = build.next().await.transpose()? {
        reservation.try_grow(batch.get_array_memory_size())?;
        batches.push(batch);
    }
    let timer = metrics.elapsed_compute().timer();
    let (keys, probe_keys): (Vec<_>, Vec<_>) = join.on().iter().cloned().unzip();
    let build = BuildSide::new(&left.schema(), &batches, &keys)?;
    timer.done();
    let Some(build) = build else {
        // From here on the hash join reserves memory for them.
        reservation.free();
        let batches = MemorySourceConfig::try_new_exec(&[batches], left.schema(), None)?;
        let join = join
            .builder()
            .with_new_children(vec![batches, Arc::clone(right)])?;
        return join.build()?.execute(0, context);
    };
    drop(batches);
    reservation.try_resize(build.memory_size())?;
    let kind = *join.join_type();
    if kind == JoinType::Inner && build.is_empty() {
        return Ok(Box::pin(EmptyRecordBatchStream::new(join.schema())));
    }
    // A scan of the probe side may leave out what has none of the keys.
    for filter in join.dynamic_expressions_produced() {
        if let Some(filter) = filter.downcast_ref::<DynamicFilterPhysicalExpr>() {
            filter.update(build.key_filter(&probe_keys, &right.schema())?)?;
            filter.mark_complete();
        }
    }
    let (_, mut columns) = build_join_schema(&left.schema(), &right.schema(), &kind);
    if let Some(chosen) = &join.projection {
        columns = chosen.iter().map(|at| columns[*at].clone()).collect();
    }
    let batch_size = context.session_config().batch_size();
    // Lookups one after another are little work; what comes before them is more.
    let probe = if right.is::<LookupJoinExec>() || right.is::<DataSourceExec>() {
        right.execute(0, context)?
    } else {
        prefetch(right.execute(0, context)?)
    };
    let lookup = Lookup {
        probe: Some(probe),
        build,
        probe_keys,
        columns,
        is_outer: kind == JoinType::Right,
        batch_size,
        output: BatchCoalescer::new(join.schema(), batch_size),
        metrics,
        _reservation: reservation,
    };
    Ok(Box::pin(RecordBatchStreamAdapter::new(
        join.schema(),
        stream::try_unfold(lookup, Lookup::next),
    )))
}

/// A probe side on its way.
struct Lookup {
    probe: Option<SendableRecordBatchStream>,
    build: BuildSide,
    probe_keys: Vec<Arc<dyn PhysicalExpr>>,
    columns: Vec<ColumnIndex>,
    /// Rows without a match are output.
    is_outer: bool,
    batch_size: usize,
    output: BatchCoalescer,
    metrics: BaselineMetrics,
    /// Of the build side; freed with it.
    _reservation: MemoryReservation,
}

impl Lookup {
    async fn next(mut self) -> Result<Option<(RecordBatch, Self)>> {
        loop {
            if let Some(batch) = self.output.next_completed_batch() {
                self.metrics.record_output(batch.num_rows());
                return Ok(Some((batch, self)));
            }
            let Some(probe) = &mut self.probe else {
                return Ok(None);
            };
            match probe.next().await.transpose()? {
                Some(batch) => self.look_up(&batch)?,
                None => {
                    self.probe = None;
                    self.output.finish_buffered_batch()?;
                }
            }
        }
    }

    fn look_up(&mut self, batch: &RecordBatch) -> Result<()> {
        let _timer = self.metrics.elapsed_compute().timer();
        let rows = batch.num_rows();
        let keys = evaluate_expressions_to_arrays(&self.probe_keys, batch)?;
        let matches = self.build.find(&keys, rows)?;
        let matched = rows - matches.null_count();
        let output = if self.is_outer { rows } else { matched };
        if output == 0 {
            return Ok(());
        }
        // A batch that is output as a whole is not touched; small ones are put together.
        let filter = if output == rows {
            self.output.finish_buffered_batch()?;
            self.output.set_biggest_coalesce_batch_size(Some(0));
            None
        } else {
            let largest = Some(self.batch_size / 2);
            self.output.set_biggest_coalesce_batch_size(largest);
            let filter = FilterBuilder::new(&is_not_null(&matches)?);
            Some(filter.optimize().build())
        };
        let filtered = |values: &ArrayRef| match &filter {
            Some(filter) => filter.filter(values),
            None => Ok(Arc::clone(values)),
        };
        let matches = filtered(&(Arc::new(matches) as ArrayRef))?;
        let columns = self.columns.iter().map(|column| match column.side {
            JoinSide::Left => self.build.take(column.index, &matches),
            _ => Ok(filtered(batch.column(column.index))?),
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(output));
        let joined = RecordBatch::try_new_with_options(self.output.schema(), columns, &options)?;
        Ok(self.output.push_batch(joined)?)
    }
}

#[cfg(test)]
mod tests;
