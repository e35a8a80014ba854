//! The walk along two ordered inputs: which rows of them belong together.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, DynComparator, RecordBatch, RecordBatchOptions, UInt32Array,
    make_comparator, new_null_array,
};
use arrow::compute::{SortOptions, concat, interleave, take};
use arrow::datatypes::SchemaRef;
use datafusion::common::{JoinSide, Result, internal_err};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr_common::utils::evaluate_expressions_to_arrays;
use datafusion::physical_plan::joins::utils::ColumnIndex;

/// Stretches shorter than this are gathered row by row.
const LONG: usize = 8;

/// What the walk needs to go on, or what it has come to.
pub(super) enum Step {
    /// A batch of the leading side.
    Leading,
    /// A batch of the other side, or that there is none.
    Other,
    Joined(RecordBatch),
}

/// A batch, and what its rows are compared by.
struct Part {
    rows: RecordBatch,
    keys: Vec<ArrayRef>,
}

impl Part {
    fn of(rows: RecordBatch, keys: &[Arc<dyn PhysicalExpr>]) -> Result<Self> {
        Ok(Self {
            keys: evaluate_expressions_to_arrays(keys, &rows)?,
            rows,
        })
    }
}

/// Rows of the other side that stand one after another, or as many rows of
/// nulls.
#[derive(Clone, Copy, PartialEq)]
struct Stretch {
    /// Which of the batches at hand.
    part: Option<usize>,
    from: usize,
    rows: usize,
}

/// See the module.
pub(super) struct Walk {
    schema: SchemaRef,
    columns: Vec<ColumnIndex>,
    leading_side: JoinSide,
    leading_keys: Vec<Arc<dyn PhysicalExpr>>,
    other_keys: Vec<Arc<dyn PhysicalExpr>>,
    other_schema: SchemaRef,
    /// Rows of the leading side without a match are kept.
    keeps_all: bool,
    /// About how many rows a batch has.
    enough: usize,

    leading: Option<Part>,
    /// The leading row whose matches are looked for.
    row: usize,
    /// The other side's batches that are still asked for, the last one walked.
    parts: Vec<Part>,
    /// How the leading batch compares with each of `parts`.
    compared: Vec<Vec<DynComparator>>,
    /// The next row of the last of `parts`.
    next: usize,
    ended: bool,
    /// The other side's rows with the key looked at last.
    equal: Vec<Stretch>,

    leading_rows: Vec<u32>,
    other_rows: Vec<Stretch>,
    joined: usize,
}

impl Walk {
    pub(super) fn new(
        schema: SchemaRef,
        columns: Vec<ColumnIndex>,
        leading_side: JoinSide,
        leading_keys: Vec<Arc<dyn PhysicalExpr>>,
        (other_schema, other_keys): (SchemaRef, Vec<Arc<dyn PhysicalExpr>>),
        keeps_all: bool,
        enough: usize,
    ) -> Self {
        Self {
            schema,
            columns,
            leading_side,
            leading_keys,
            other_keys,
            other_schema,
            keeps_all,
            enough,
            leading: None,
            row: 0,
            parts: Vec::new(),
            compared: Vec::new(),
            next: 0,
            ended: false,
            equal: Vec::new(),
            leading_rows: Vec::new(),
            other_rows: Vec::new(),
            joined: 0,
        }
    }

    /// The leading side's next batch, when the walk has asked for it.
    pub(super) fn lead(&mut self, batch: RecordBatch) -> Result<()> {
        let leading = Part::of(batch, &self.leading_keys)?;
        let compared = self.parts.iter().map(|part| comparators(&leading, part));
        self.compared = compared.collect::<Result<_>>()?;
        self.leading = Some(leading);
        self.row = 0;
        Ok(())
    }

    /// The other side's next batch, when the walk has asked for it.
    pub(super) fn take(&mut self, batch: Option<RecordBatch>) -> Result<()> {
        let Some(batch) = batch else {
            self.ended = true;
            return Ok(());
        };
        // What was only passed by is not kept.
        let last = self.parts.len().checked_sub(1);
        let is_kept = |stretches: &[Stretch]| stretches.iter().any(|one| one.part == last);
        if last.is_some() && !is_kept(&self.equal) && !is_kept(&self.other_rows) {
            self.parts.pop();
            self.compared.pop();
        }
        let part = Part::of(batch, &self.other_keys)?;
        if let Some(leading) = &self.leading {
            self.compared.push(comparators(leading, &part)?);
        }
        self.parts.push(part);
        self.next = 0;
        Ok(())
    }

    /// Goes on until a batch is full or one is needed.
    pub(super) fn step(&mut self) -> Result<Step> {
        loop {
            let rows = self.leading.as_ref().map_or(0, |part| part.rows.num_rows());
            if self.row == rows || self.joined >= self.enough {
                if self.joined > 0 {
                    return self.gather().map(Step::Joined);
                }
                return Ok(Step::Leading);
            }
            if !self.found() {
                return Ok(Step::Other);
            }
            self.pair();
            self.row += 1;
        }
    }

    fn compare(&self, part: usize, row: usize) -> Ordering {
        let each = self.compared[part].iter();
        each.map(|compare| compare(self.row, row))
            .find(|ordering| ordering.is_ne())
            .unwrap_or(Ordering::Equal)
    }

    /// Finds the other side's rows with the key of the leading row; whether it
    /// came to their end.
    fn found(&mut self) -> bool {
        if let Some(Stretch {
            part: Some(part),
            from,
            ..
        }) = self.equal.first().copied()
            && self.compare(part, from).is_ne()
        {
            self.equal.clear();
        }
        // The next batch may go on with the key at which the last one ended.
        loop {
            let part = match self.parts.len().checked_sub(1) {
                Some(last) if self.next < self.parts[last].rows.num_rows() => last,
                _ => return self.ended,
            };
            match self.compare(part, self.next) {
                Ordering::Less => return true,
                Ordering::Equal => extend(&mut self.equal, Some(part), self.next, 1),
                Ordering::Greater => {}
            }
            self.next += 1;
        }
    }

    /// Puts the leading row beside each of its matches.
    #[expect(clippy::cast_possible_truncation, reason = "a batch has few rows")]
    fn pair(&mut self) {
        let matches: usize = self.equal.iter().map(|stretch| stretch.rows).sum();
        if matches == 0 && self.keeps_all {
            extend(&mut self.other_rows, None, 0, 1);
        }
        for stretch in &self.equal {
            extend(
                &mut self.other_rows,
                stretch.part,
                stretch.from,
                stretch.rows,
            );
        }
        let copies = matches.max(usize::from(self.keeps_all));
        self.leading_rows
            .extend(std::iter::repeat_n(self.row as u32, copies));
        self.joined += copies;
    }

    /// The rows put side by side, as a batch.
    fn gather(&mut self) -> Result<RecordBatch> {
        let Some(leading) = &self.leading else {
            return internal_err!("rows put side by side before there are any");
        };
        let chosen = Chosen::new(std::mem::take(&mut self.leading_rows));
        let stretches = std::mem::take(&mut self.other_rows);
        let rows = std::mem::take(&mut self.joined);
        let columns = self.columns.iter().map(|column| {
            if column.side == self.leading_side {
                chosen.of(leading.rows.column(column.index))
            } else {
                self.of_other(column.index, &stretches, rows)
            }
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        self.forget();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(
            Arc::clone(&self.schema),
            columns,
            &options,
        )?)
    }

    fn of_other(&self, column: usize, stretches: &[Stretch], rows: usize) -> Result<ArrayRef> {
        let kind = self.other_schema.field(column).data_type();
        let values = |part: usize| self.parts[part].rows.column(column);
        match stretches {
            [Stretch { part: None, .. }] => return Ok(new_null_array(kind, rows)),
            [
                Stretch {
                    part: Some(part),
                    from,
                    rows,
                },
            ] => return Ok(values(*part).slice(*from, *rows)),
            _ => {}
        }
        if stretches.len() * LONG <= rows {
            let pieces = stretches.iter().map(|stretch| match stretch.part {
                Some(part) => values(part).slice(stretch.from, stretch.rows),
                None => new_null_array(kind, stretch.rows),
            });
            let pieces: Vec<ArrayRef> = pieces.collect();
            let pieces: Vec<_> = pieces.iter().map(AsRef::as_ref).collect();
            return Ok(concat(&pieces)?);
        }
        let null = new_null_array(kind, 1);
        let mut sources: Vec<_> = (0..self.parts.len())
            .map(|part| values(part).as_ref())
            .collect();
        sources.push(null.as_ref());
        let mut places = Vec::with_capacity(rows);
        for stretch in stretches {
            match stretch.part {
                Some(part) => places
                    .extend((stretch.from..stretch.from + stretch.rows).map(|row| (part, row))),
                None => places.extend(std::iter::repeat_n((self.parts.len(), 0), stretch.rows)),
            }
        }
        Ok(interleave(&sources, &places)?)
    }

    /// Lets go of the batches that nothing stands in any more.
    fn forget(&mut self) {
        let Some(last) = self.parts.len().checked_sub(1) else {
            return;
        };
        let first = self.equal.iter().filter_map(|stretch| stretch.part).min();
        let first = first.unwrap_or(last);
        self.parts.drain(..first);
        self.compared.drain(..first);
        for stretch in &mut self.equal {
            stretch.part = stretch.part.map(|part| part - first);
        }
    }
}

fn comparators(leading: &Part, other: &Part) -> Result<Vec<DynComparator>> {
    let options = SortOptions::new(false, false);
    let keys = leading.keys.iter().zip(&other.keys);
    let each = keys.map(|(one, other)| Ok(make_comparator(one, other, options)?));
    each.collect()
}

/// Adds rows, to the stretch before if they follow it.
fn extend(stretches: &mut Vec<Stretch>, part: Option<usize>, from: usize, rows: usize) {
    match stretches.last_mut() {
        Some(last) if last.part == part && (part.is_none() || last.from + last.rows == from) => {
            last.rows += rows;
        }
        _ => stretches.push(Stretch { part, from, rows }),
    }
}

/// Rows of the leading side's batch.
struct Chosen {
    rows: UInt32Array,
    /// Where they begin, if each follows the one before.
    from: Option<usize>,
}

impl Chosen {
    fn new(rows: Vec<u32>) -> Self {
        let follows = rows.is_sorted_by(|one, next| one + 1 == *next);
        let from = rows.first().filter(|_| follows);
        Self {
            from: from.map(|row| *row as usize),
            rows: rows.into(),
        }
    }

    fn of(&self, values: &ArrayRef) -> Result<ArrayRef> {
        Ok(match self.from {
            Some(from) => values.slice(from, self.rows.len()),
            None => take(values, &self.rows, None)?,
        })
    }
}
