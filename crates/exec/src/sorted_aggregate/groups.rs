//! Groups and their aggregates.

use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, BooleanArray, RecordBatch, UInt32Array};
use arrow::compute::{concat, take};
use arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr_common::utils::evaluate_expressions_to_arrays;

use super::{Function, InputOrder, run_groups};
use crate::runs::Runs;

/// The groups that have begun and are not output yet.
pub(super) struct Groups {
    pub(super) schema: SchemaRef,
    groups: Vec<Arc<dyn PhysicalExpr>>,
    order: InputOrder,
    functions: Vec<(Function, Box<dyn GroupsAccumulator>)>,
    /// The values of the groups, by the batch in which they begin.
    values: Vec<Vec<ArrayRef>>,
    count: usize,
    runs: Runs,
}

impl Groups {
    pub(super) fn new(
        schema: SchemaRef,
        groups: &[(Arc<dyn PhysicalExpr>, String)],
        order: InputOrder,
        functions: &[Function],
    ) -> Result<Self> {
        let functions = functions.iter();
        let functions =
            functions.map(|one| Ok((one.clone(), one.function.create_groups_accumulator()?)));
        Ok(Self {
            schema,
            groups: groups.iter().map(|(group, _)| Arc::clone(group)).collect(),
            order,
            functions: functions.collect::<Result<_>>()?,
            values: Vec::new(),
            count: 0,
            runs: Runs::default(),
        })
    }

    /// Aggregates the next rows.
    #[expect(clippy::cast_possible_truncation, reason = "a batch has few rows")]
    pub(super) fn push(&mut self, batch: &RecordBatch) -> Result<()> {
        let rows = batch.num_rows();
        if rows == 0 {
            return Ok(());
        }
        let values = evaluate_expressions_to_arrays(&self.groups, batch)?;
        let (groups, first) = match &self.order {
            InputOrder::Full => self.of_runs(&values, rows)?,
            InputOrder::Partial(ordered, others) => {
                let at = |places: &[usize]| -> Vec<ArrayRef> {
                    let values = places.iter().filter_map(|at| values.get(*at));
                    values.map(Arc::clone).collect()
                };
                let cut = self.runs.cut(&at(ordered), rows)?;
                let mut found = run_groups::group(&cut.ranges, &at(others))?;
                for group in &mut found.groups {
                    *group += self.count;
                }
                self.count += found.first.len();
                (found.groups, found.first)
            }
        };
        let first = UInt32Array::from_iter_values(first.into_iter().map(|row| row as u32));
        let begun = values.iter().map(|values| Ok(take(values, &first, None)?));
        self.values.push(begun.collect::<Result<_>>()?);
        for (
            Function {
                arguments, filter, ..
            },
            function,
        ) in &mut self.functions
        {
            let arguments = evaluate_expressions_to_arrays(&*arguments, batch)?;
            let filter = evaluate_expressions_to_arrays(&*filter, batch)?;
            let filter: Option<&BooleanArray> = filter.first().map(|filter| filter.as_boolean());
            function.update_batch(&arguments, &groups, filter, self.count)?;
        }
        Ok(())
    }

    /// The group of each row, and the first row of each group that begins.
    fn of_runs(&mut self, values: &[ArrayRef], rows: usize) -> Result<(Vec<usize>, Vec<usize>)> {
        let cut = self.runs.cut(values, rows)?;
        let mut group = self.count - usize::from(cut.continues);
        let mut groups = Vec::with_capacity(rows);
        let mut first = Vec::new();
        for (at, run) in cut.ranges.into_iter().enumerate() {
            if at > 0 || !cut.continues {
                first.push(run.start);
            }
            groups.extend(std::iter::repeat_n(group, run.len()));
            group += 1;
        }
        self.count = group;
        Ok((groups, first))
    }

    /// The finished groups, if they make a batch; the last run may continue.
    pub(super) fn finished(&mut self, batch_size: usize) -> Result<Option<RecordBatch>> {
        if self.count <= batch_size {
            return Ok(None);
        }
        match self.order {
            InputOrder::Full => self.emit(EmitTo::First(self.count - 1), self.count - 1),
            InputOrder::Partial(..) => self.emit(EmitTo::All, self.count),
        }
        .map(Some)
    }

    /// The groups that are left when there are no more rows.
    pub(super) fn rest(&mut self) -> Result<Option<RecordBatch>> {
        if self.count == 0 {
            return Ok(None);
        }
        self.emit(EmitTo::All, self.count).map(Some)
    }

    /// How many bytes the groups and their aggregates take.
    pub(super) fn memory_size(&self) -> usize {
        let values = self.values.iter().flatten();
        let values: usize = values.map(|values| values.get_array_memory_size()).sum();
        let functions = self.functions.iter();
        let functions: usize = functions.map(|(_, function)| function.size()).sum();
        values + functions
    }

    fn emit(&mut self, which: EmitTo, count: usize) -> Result<RecordBatch> {
        let mut columns = Vec::with_capacity(self.schema.fields().len());
        let mut rest = Vec::with_capacity(self.groups.len());
        for at in 0..self.groups.len() {
            let parts = self.values.iter();
            let parts: Vec<_> = parts.map(|values| values[at].as_ref()).collect();
            let whole = concat(&parts)?;
            rest.push(whole.slice(count, whole.len() - count));
            columns.push(whole.slice(0, count));
        }
        self.values = vec![rest];
        self.count -= count;
        for (_, function) in &mut self.functions {
            columns.push(function.evaluate(which)?);
        }
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
    }
}
