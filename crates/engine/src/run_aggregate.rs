//! Aggregating groups whose rows stand one after another.
//!
//! DataFusion looks every row's group up in a hash table, also where the rows
//! come in the order of the groups. There a group ends where a value changes:
//! neighbours are compared, nothing is looked up, and what is done is given on.

use std::fmt::{Formatter, Result as Written};
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, BooleanArray, RecordBatch, UInt32Array};
use arrow::compute::{concat, take};
use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::aggregate::AggregateFunctionExpr;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode, aggregate_expressions};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, Distribution, ExecutionPlan, InputOrderMode, PlanProperties,
};
use futures::stream::{self, StreamExt as _};

use crate::runs::Runs;

/// Run by run, in place of an aggregation of rows that come in the order of
/// the groups.
pub(crate) fn in_place_of(plan: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let Some(aggregate) = plan.downcast_ref::<AggregateExec>() else {
        return Ok(None);
    };
    Ok(RunAggregateExec::of(aggregate)?.map(|runs| Arc::new(runs) as _))
}

/// See the module.
#[derive(Debug)]
struct RunAggregateExec {
    input: Arc<dyn ExecutionPlan>,
    groups: Vec<(Arc<dyn PhysicalExpr>, String)>,
    functions: Vec<Function>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

#[derive(Debug, Clone)]
struct Function {
    function: Arc<AggregateFunctionExpr>,
    arguments: Vec<Arc<dyn PhysicalExpr>>,
    filter: Option<Arc<dyn PhysicalExpr>>,
}

impl RunAggregateExec {
    /// In place of an aggregation, if its input comes in the order of the
    /// groups and all its functions can take in many groups at once.
    fn of(plan: &AggregateExec) -> Result<Option<Self>> {
        let groups = plan.group_expr();
        let functions = plan.aggr_expr();
        let fits = *plan.mode() == AggregateMode::Single
            && *plan.input_order_mode() == InputOrderMode::Sorted
            && groups.is_single()
            && !groups.is_empty()
            && plan.limit_options().is_none()
            && functions
                .iter()
                .all(|function| function.groups_accumulator_supported());
        if !fits {
            return Ok(None);
        }
        // Zeros of both signs are one group, and two values.
        let schema = plan.input().schema();
        for (group, _) in groups.expr() {
            let kind = group.data_type(&schema)?;
            if kind.is_floating() || kind.is_nested() {
                return Ok(None);
            }
        }
        let arguments = aggregate_expressions(functions, plan.mode(), groups.expr().len())?;
        let filters = plan.filter_expr().iter();
        let functions = functions.iter().zip(arguments).zip(filters);
        let functions = functions.map(|((function, arguments), filter)| Function {
            function: Arc::clone(function),
            arguments,
            filter: filter.clone(),
        });
        Ok(Some(Self {
            input: Arc::clone(plan.input()),
            groups: groups.expr().to_vec(),
            functions: functions.collect(),
            properties: Arc::clone(plan.properties()),
            metrics: ExecutionPlanMetricsSet::new(),
        }))
    }
}

impl DisplayAs for RunAggregateExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut Formatter<'_>) -> Written {
        let groups: Vec<&str> = self.groups.iter().map(|(_, name)| name.as_str()).collect();
        let functions = self.functions.iter().map(|one| one.function.name());
        let functions: Vec<&str> = functions.collect();
        let (groups, functions) = (groups.join(", "), functions.join(", "));
        write!(f, "RunAggregateExec: gby=[{groups}], aggr=[{functions}]")
    }
}

impl ExecutionPlan for RunAggregateExec {
    fn name(&self) -> &'static str {
        "RunAggregateExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn required_input_distribution(&self) -> Vec<Distribution> {
        vec![Distribution::SinglePartition]
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        let mut recursion = TreeNodeRecursion::Continue;
        let groups = self.groups.iter().map(|(group, _)| group);
        let functions = self.functions.iter();
        let arguments = functions.flat_map(|one| one.arguments.iter().chain(&one.filter));
        for expression in groups.chain(arguments) {
            recursion = recursion.visit_sibling(|| f(expression))?;
        }
        Ok(recursion)
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match children.pop() {
            Some(input) if children.is_empty() => Ok(Arc::new(Self {
                input,
                groups: self.groups.clone(),
                functions: self.functions.clone(),
                properties: Arc::clone(&self.properties),
                metrics: ExecutionPlanMetricsSet::new(),
            })),
            _ => internal_err!("an aggregation has one input"),
        }
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let rows = self.input.execute(partition, Arc::clone(&context))?;
        let enough = context.session_config().batch_size();
        let groups = Groups::new(self.schema(), &self.groups, &self.functions)?;
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let batches = stream::try_unfold((rows, Some(groups)), move |(mut rows, groups)| {
            let metrics = metrics.clone();
            async move {
                let Some(mut groups) = groups else {
                    return Ok(None);
                };
                while let Some(batch) = rows.next().await.transpose()? {
                    let _timer = metrics.elapsed_compute().timer();
                    groups.see(&batch)?;
                    if let Some(done) = groups.done(enough)? {
                        metrics.record_output(done.num_rows());
                        return Ok(Some((done, (rows, Some(groups)))));
                    }
                }
                let last = groups.end()?;
                Ok(last.map(|last| {
                    metrics.record_output(last.num_rows());
                    (last, (rows, None))
                }))
            }
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            self.schema(),
            batches,
        )))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// The groups that were begun and are not given on.
struct Groups {
    schema: SchemaRef,
    groups: Vec<Arc<dyn PhysicalExpr>>,
    functions: Vec<(Function, Box<dyn GroupsAccumulator>)>,
    /// Of each batch, the values of the groups that begin in it.
    begun: Vec<Vec<ArrayRef>>,
    count: usize,
    runs: Runs,
}

impl Groups {
    fn new(
        schema: SchemaRef,
        groups: &[(Arc<dyn PhysicalExpr>, String)],
        functions: &[Function],
    ) -> Result<Self> {
        let functions = functions.iter();
        let functions =
            functions.map(|one| Ok((one.clone(), one.function.create_groups_accumulator()?)));
        Ok(Self {
            schema,
            groups: groups.iter().map(|(group, _)| Arc::clone(group)).collect(),
            functions: functions.collect::<Result<_>>()?,
            begun: Vec::new(),
            count: 0,
            runs: Runs::default(),
        })
    }

    /// Takes in the next rows.
    #[expect(clippy::cast_possible_truncation, reason = "a batch has few rows")]
    fn see(&mut self, batch: &RecordBatch) -> Result<()> {
        let rows = batch.num_rows();
        if rows == 0 {
            return Ok(());
        }
        let value = |one: &Arc<dyn PhysicalExpr>| one.evaluate(batch)?.into_array(rows);
        let values: Vec<ArrayRef> = self.groups.iter().map(value).collect::<Result<_>>()?;
        let cut = self.runs.cut(&values, rows)?;
        let mut group = self.count - usize::from(cut.goes_on);
        let mut groups = Vec::with_capacity(rows);
        let mut first = Vec::new();
        for (at, run) in cut.ranges.into_iter().enumerate() {
            if at > 0 || !cut.goes_on {
                first.push(run.start as u32);
            }
            groups.extend(std::iter::repeat_n(group, run.len()));
            group += 1;
        }
        self.count = group;
        let first = UInt32Array::from(first);
        let begun = values.iter().map(|values| Ok(take(values, &first, None)?));
        self.begun.push(begun.collect::<Result<_>>()?);
        for (
            Function {
                arguments, filter, ..
            },
            function,
        ) in &mut self.functions
        {
            let arguments: Vec<ArrayRef> = arguments.iter().map(value).collect::<Result<_>>()?;
            let filter = filter.as_ref().map(value).transpose()?;
            let filter: Option<&BooleanArray> = filter.as_ref().map(|filter| filter.as_boolean());
            function.update_batch(&arguments, &groups, filter, self.count)?;
        }
        Ok(())
    }

    /// The groups that are done, if they are enough; the last goes on, for all
    /// that is known.
    fn done(&mut self, enough: usize) -> Result<Option<RecordBatch>> {
        if self.count <= enough {
            return Ok(None);
        }
        self.emit(EmitTo::First(self.count - 1), self.count - 1)
            .map(Some)
    }

    /// What is left when there are no more rows.
    fn end(&mut self) -> Result<Option<RecordBatch>> {
        if self.count == 0 {
            return Ok(None);
        }
        self.emit(EmitTo::All, self.count).map(Some)
    }

    fn emit(&mut self, which: EmitTo, count: usize) -> Result<RecordBatch> {
        let mut columns = Vec::with_capacity(self.schema.fields().len());
        let mut rest = Vec::with_capacity(self.groups.len());
        for at in 0..self.groups.len() {
            let parts: Vec<_> = self.begun.iter().map(|begun| begun[at].as_ref()).collect();
            let whole = concat(&parts)?;
            rest.push(whole.slice(count, whole.len() - count));
            columns.push(whole.slice(0, count));
        }
        self.begun = vec![rest];
        self.count -= count;
        for (_, function) in &mut self.functions {
            columns.push(function.evaluate(which)?);
        }
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
    }
}

#[cfg(test)]
mod tests;
