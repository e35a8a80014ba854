//! Aggregations of which only groups with several rows are kept.
//!
//! A check of uniqueness groups all rows and keeps the groups that have more
//! than one, which are usually few. Most rows that are alone in their group are
//! recognised by a fingerprint of the group, for a fraction of the cost of a
//! hash table of all groups, and filtered out before the aggregation. If most of
//! the first rows share their groups, all rows are passed on.

use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, ScalarValue, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::expressions::{BinaryExpr, Column, Literal};
use datafusion::physical_expr::utils::split_conjunction;
use datafusion::physical_expr::{Partitioning, PhysicalExpr};
use datafusion::physical_expr_common::physical_expr::is_volatile;
use datafusion::physical_expr_common::utils::evaluate_expressions_to_arrays;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties as _, InputOrderMode,
    PlanProperties,
};
use futures::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};

use crate::order::fingerprints;
use crate::plain::StandsFor;
use crate::replace;

/// Rows by which it is decided whether most of them share their groups.
const TRIED: usize = 65_536;
/// Bits of a note for each row: of rows alone in their group, one in as many is
/// not told.
const BITS: usize = 16;

/// Where only groups with several rows are asked for, what is grouped is those
/// rows, and a few others.
pub(crate) fn in_place_of(plan: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let Some(groups) = groups(plan) else {
        return Ok(None);
    };
    let unchanged = |_: &Arc<dyn ExecutionPlan>| Ok(None);
    let [aggregate] = plan.children()[..] else {
        return Ok(None);
    };
    let [input] = aggregate.children()[..] else {
        return Ok(None);
    };
    let several = Arc::new(SeveralExec::new(Arc::clone(input), groups));
    let aggregate = replace::over(aggregate, vec![several], unchanged)?;
    Ok(Some(replace::over(plan, vec![aggregate], unchanged)?))
}

/// What is grouped by, if only groups with several rows are asked for.
fn groups(plan: &Arc<dyn ExecutionPlan>) -> Option<Vec<Arc<dyn PhysicalExpr>>> {
    let filter = plan.downcast_ref::<FilterExec>()?;
    let aggregate = filter.input().downcast_ref::<AggregateExec>()?;
    let fits = *aggregate.mode() == AggregateMode::Single
        && aggregate.group_expr().is_single()
        && !aggregate.group_expr().is_empty()
        && aggregate.limit_options().is_none()
        && *aggregate.input_order_mode() == InputOrderMode::Linear
        && aggregate.input().output_partitioning().partition_count() == 1;
    // What comes out another time is not to be told by fingerprints.
    let groups = aggregate.group_expr().expr().iter();
    let fits = fits && !groups.clone().any(|(group, _)| is_volatile(group));
    let parts = split_conjunction(filter.predicate());
    let asks = fits
        && parts
            .into_iter()
            .any(|part| asks_for_several(part, aggregate));
    asks.then(|| groups.map(|(group, _)| Arc::clone(group)).collect())
}

/// Whether a condition holds but for groups that have two rows or more.
fn asks_for_several(condition: &Arc<dyn PhysicalExpr>, aggregate: &AggregateExec) -> bool {
    let asked = condition.downcast_ref::<BinaryExpr>().and_then(|compared| {
        let column = compared.left().downcast_ref::<Column>()?;
        let number = compared.right().downcast_ref::<Literal>()?.value();
        let ScalarValue::Int64(Some(number)) = number else {
            return None;
        };
        let least = match compared.op() {
            Operator::Gt => number.checked_add(1)?,
            Operator::GtEq => *number,
            _ => return None,
        };
        let at = column
            .index()
            .checked_sub(aggregate.group_expr().expr().len())?;
        Some((at, least))
    });
    let Some((at, least)) = asked else {
        return false;
    };
    let counts_rows = aggregate.aggr_expr().get(at).is_some_and(|function| {
        let counted = function.expressions();
        let mut counted = counted.iter().map(|one| one.downcast_ref::<Literal>());
        function.fun().name() == "count"
            && !function.is_distinct()
            && counted.all(|one| one.is_some_and(|literal| !literal.value().is_null()))
    });
    let counts_all = aggregate.filter_expr().get(at).is_some_and(Option::is_none);
    least > 1 && counts_rows && counts_all
}

/// Gives the rows whose groups have several rows, and hardly any others; all
/// rows, where most are such.
#[derive(Debug)]
pub(crate) struct SeveralExec {
    input: Arc<dyn ExecutionPlan>,
    groups: Vec<Arc<dyn PhysicalExpr>>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl SeveralExec {
    fn new(input: Arc<dyn ExecutionPlan>, groups: Vec<Arc<dyn PhysicalExpr>>) -> Self {
        let properties = PlanProperties::new(
            input.equivalence_properties().clone(),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Final,
            Boundedness::Bounded,
        );
        Self {
            input,
            groups,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        }
    }
}

impl StandsFor for SeveralExec {
    fn original(&self) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Arc::clone(&self.input))
    }
}

impl DisplayAs for SeveralExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let groups: Vec<String> = self.groups.iter().map(ToString::to_string).collect();
        write!(f, "SeveralExec: groups=[{}]", groups.join(", "))
    }
}

impl ExecutionPlan for SeveralExec {
    fn name(&self) -> &'static str {
        "SeveralExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        let mut recursion = TreeNodeRecursion::Continue;
        for group in &self.groups {
            recursion = recursion.visit_sibling(|| f(group))?;
        }
        Ok(recursion)
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match children.pop() {
            Some(input) if children.is_empty() => {
                Ok(Arc::new(Self::new(input, self.groups.clone())))
            }
            _ => internal_err!("rows of several groups have one input"),
        }
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let input = self.input.execute(partition, context)?;
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let several = stream::once(several(input, self.groups.clone(), metrics));
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            self.schema(),
            several.try_flatten(),
        )))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

async fn several(
    mut input: SendableRecordBatchStream,
    groups: Vec<Arc<dyn PhysicalExpr>>,
    metrics: BaselineMetrics,
) -> Result<BoxStream<'static, Result<RecordBatch>>> {
    let mut held: Vec<(RecordBatch, Vec<u64>)> = Vec::new();
    let mut rows = 0;
    let mut tried = false;
    while let Some(batch) = input.next().await {
        let batch = batch?;
        let _timer = metrics.elapsed_compute().timer();
        let values = evaluate_expressions_to_arrays(&groups, &batch)?;
        let prints = fingerprints(&values, batch.num_rows())?;
        rows += prints.len();
        held.push((batch, prints));
        if !tried && rows >= TRIED {
            tried = true;
            let notes = Notes::of(&held, rows);
            let prints = held.iter().flat_map(|(_, prints)| prints);
            if prints.filter(|print| notes.has_several(**print)).count() > rows / 2 {
                let held = held.into_iter().map(|(batch, _)| Ok(batch));
                return Ok(stream::iter(held).chain(input).boxed());
            }
        }
    }
    let notes = Notes::of(&held, rows);
    let left = held.into_iter().map(move |(batch, prints)| {
        let _timer = metrics.elapsed_compute().timer();
        let several = prints.iter().map(|print| Some(notes.has_several(*print)));
        let left = filter_record_batch(&batch, &several.collect::<BooleanArray>())?;
        metrics.record_output(left.num_rows());
        Ok(left)
    });
    Ok(stream::iter(left).boxed())
}

/// Which fingerprints came once, and which again, as bits at places that the
/// fingerprints tell: two of them may share one.
struct Notes {
    once: Vec<u64>,
    again: Vec<u64>,
}

impl Notes {
    fn of(held: &[(RecordBatch, Vec<u64>)], rows: usize) -> Self {
        let words = (rows * BITS).next_power_of_two().div_ceil(64);
        let mut notes = Self {
            once: vec![0; words],
            again: vec![0; words],
        };
        for print in held.iter().flat_map(|(_, prints)| prints) {
            let (word, bit) = notes.place(*print);
            if let (Some(once), Some(again)) = (notes.once.get_mut(word), notes.again.get_mut(word))
            {
                *again |= *once & bit;
                *once |= bit;
            }
        }
        notes
    }

    fn has_several(&self, print: u64) -> bool {
        let (word, bit) = self.place(print);
        self.again.get(word).is_some_and(|again| again & bit != 0)
    }

    fn place(&self, print: u64) -> (usize, u64) {
        let word = (print >> 6) as usize & (self.once.len() - 1);
        (word, 1 << (print & 63))
    }
}

#[cfg(test)]
mod tests;
