//! Joining many rows with a few, each of which has a key of its own.
//!
//! DataFusion copies all columns of the rows that stream past, as each of them
//! may match several of those held. Where no two rows held have one key, it
//! matches one of them or none: what streams past goes on as it came, and only
//! what is found for it is copied. Whether that is so is known when the rows to
//! hold are there; if not, DataFusion's join goes on with them.

mod held;

use std::fmt::{Formatter, Result as Written};
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::{BatchCoalescer, FilterBuilder, is_not_null};
use arrow::datatypes::DataType;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{JoinSide, JoinType, NullEquality, Result, Statistics};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::source::DataSourceExec;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::DynamicFilterPhysicalExpr;
use datafusion::physical_expr_common::utils::evaluate_expressions_to_arrays;
use datafusion::physical_plan::common::collect;
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

use crate::ahead::prefetch;
use crate::plain::StandsFor;
use held::Held;

/// A lookup in place of a join, if nothing is asked of it but what is found for
/// the rows that stream past.
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
    let (held, passing) = (join.left(), join.right());
    let is_plain = matches!(join.join_type(), JoinType::Inner | JoinType::Right)
        && *join.partition_mode() == PartitionMode::CollectLeft
        && join.filter().is_none()
        && join.fetch().is_none()
        && join.null_equality() == NullEquality::NullEqualsNothing
        && held.output_partitioning().partition_count() == 1
        && passing.output_partitioning().partition_count() == 1;
    if !is_plain {
        return Ok(false);
    }
    for (key, sought) in join.on() {
        let kind = key.data_type(&held.schema())?;
        let is_exact = kind.is_integer()
            || kind.is_string()
            || matches!(kind, DataType::Boolean | DataType::Date32);
        if !is_exact || kind != sought.data_type(&passing.schema())? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// See the module.
#[derive(Debug)]
pub(crate) struct LookupJoinExec {
    /// What this is in the place of: it knows what comes out, and is there for
    /// the rows that cannot be looked up.
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
        for (at, (key, sought)) in self.join.on().iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}({key}, {sought})")?;
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
        self.join.input_distribution_requirements()
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

    /// Over other children, or the join itself, if it cannot be a lookup there.
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
        let joined = joined(Arc::clone(&self.join), context, metrics);
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            self.schema(),
            stream::once(joined).try_flatten(),
        )))
    }

    /// Its own, and the join's, which is at work where nothing is looked up.
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

/// Takes in the rows to hold, and only then lets the others stream past.
async fn joined(
    join: Arc<HashJoinExec>,
    context: Arc<TaskContext>,
    metrics: BaselineMetrics,
) -> Result<SendableRecordBatchStream> {
    let (left, right) = (join.left(), join.right());
    let batches = collect(left.execute(0, Arc::clone(&context))?).await?;
    let timer = metrics.elapsed_compute().timer();
    let (keys, sought): (Vec<_>, Vec<_>) = join.on().iter().cloned().unzip();
    let held = Held::of(&left.schema(), &batches, &keys)?;
    timer.done();
    let Some(held) = held else {
        let batches = MemorySourceConfig::try_new_exec(&[batches], left.schema(), None)?;
        let join = join
            .builder()
            .with_new_children(vec![batches, Arc::clone(right)])?;
        return join.build()?.execute(0, context);
    };
    let kind = *join.join_type();
    if kind == JoinType::Inner && held.is_empty() {
        return Ok(Box::pin(EmptyRecordBatchStream::new(join.schema())));
    }
    // A scan of what streams past may leave out what has none of the keys.
    for told in join.dynamic_expressions_produced() {
        if let Some(filter) = told.downcast_ref::<DynamicFilterPhysicalExpr>() {
            filter.update(held.finds(&sought, &right.schema())?)?;
            filter.mark_complete();
        }
    }
    let (_, mut columns) = build_join_schema(&left.schema(), &right.schema(), &kind);
    if let Some(chosen) = &join.projection {
        columns = chosen.iter().map(|at| columns[*at].clone()).collect();
    }
    let enough = context.session_config().batch_size();
    // Lookups one after another are little work, what comes before them is more.
    let passing = if right.is::<LookupJoinExec>() || right.is::<DataSourceExec>() {
        right.execute(0, context)?
    } else {
        prefetch(right, &context)
    };
    let lookup = Lookup {
        passing: Some(passing),
        held,
        sought,
        columns,
        keeps_all: kind == JoinType::Right,
        enough,
        done: BatchCoalescer::new(join.schema(), enough),
        metrics,
    };
    Ok(Box::pin(RecordBatchStreamAdapter::new(
        join.schema(),
        stream::try_unfold(lookup, Lookup::next),
    )))
}

/// Rows that stream past, and what is found for them.
struct Lookup {
    passing: Option<SendableRecordBatchStream>,
    held: Held,
    sought: Vec<Arc<dyn PhysicalExpr>>,
    columns: Vec<ColumnIndex>,
    /// Rows for which nothing is found are kept.
    keeps_all: bool,
    /// About how many rows a batch has.
    enough: usize,
    done: BatchCoalescer,
    metrics: BaselineMetrics,
}

impl Lookup {
    async fn next(mut self) -> Result<Option<(RecordBatch, Self)>> {
        loop {
            if let Some(batch) = self.done.next_completed_batch() {
                self.metrics.record_output(batch.num_rows());
                return Ok(Some((batch, self)));
            }
            let Some(passing) = &mut self.passing else {
                return Ok(None);
            };
            match passing.next().await.transpose()? {
                Some(batch) => self.look_up(&batch)?,
                None => {
                    self.passing = None;
                    self.done.finish_buffered_batch()?;
                }
            }
        }
    }

    fn look_up(&mut self, batch: &RecordBatch) -> Result<()> {
        let _timer = self.metrics.elapsed_compute().timer();
        let rows = batch.num_rows();
        let found = self
            .held
            .find(&evaluate_expressions_to_arrays(&self.sought, batch)?, rows)?;
        let matches = rows - found.null_count();
        let kept = if self.keeps_all { rows } else { matches };
        if kept == 0 {
            return Ok(());
        }
        // Rows that all go on are not touched; of few, several batches make one.
        let chosen = if kept == rows {
            self.done.finish_buffered_batch()?;
            self.done.set_biggest_coalesce_batch_size(Some(0));
            None
        } else {
            let most = Some(self.enough / 2);
            self.done.set_biggest_coalesce_batch_size(most);
            Some(FilterBuilder::new(&is_not_null(&found)?).optimize().build())
        };
        let kept_of = |values: &ArrayRef| match &chosen {
            Some(chosen) => chosen.filter(values),
            None => Ok(Arc::clone(values)),
        };
        let found = kept_of(&(Arc::new(found) as ArrayRef))?;
        let columns = self.columns.iter().map(|column| match column.side {
            JoinSide::Left => self.held.at(column.index, &found),
            _ => Ok(kept_of(batch.column(column.index))?),
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(kept));
        let joined = RecordBatch::try_new_with_options(self.done.schema(), columns, &options)?;
        Ok(self.done.push_batch(joined)?)
    }
}

#[cfg(test)]
mod tests;
