//! Columns under construction, row by row, from which an unfinished row can be taken back.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, ListArray, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;

use super::reject::{Mistakes, Reason, Reject};
use super::scalar::{
    Scalar, checked_days, checked_micros, date_of_micros, int_of_float, micros_of_date,
    spelled_bool, spelled_date, spelled_float, spelled_int, spelled_timestamp,
};
use super::{Kind, Request};

/// The columns of a batch and the mistakes of the row that is being read.
pub(super) struct Columns {
    schema: SchemaRef,
    columns: Vec<Column>,
    numbers: Vec<i64>,
    pub(super) mistakes: Mistakes,
}

struct Column {
    name: String,
    kind: Kind,
    values: Values,
    valid: Vec<bool>,
}

enum Values {
    Int(Vec<i64>),
    Float(Vec<f64>),
    Bool(Vec<bool>),
    Days(Vec<i32>),
    Text(Texts),
    List {
        ends: Vec<i32>,
        items: Texts,
        open: bool,
    },
}

/// Texts one after the other.
#[derive(Default)]
struct Texts {
    bytes: Vec<u8>,
    ends: Vec<i32>,
}

impl Texts {
    fn push(&mut self, text: &str) -> Result<(), Reason> {
        self.bytes.extend_from_slice(text.as_bytes());
        self.close()
    }

    /// Ends the text that was appended to `bytes`, or takes it back if the column would be too
    /// large for Arrow's offsets.
    fn close(&mut self) -> Result<(), Reason> {
        let Ok(end) = i32::try_from(self.bytes.len()) else {
            self.undo_open();
            return Err(Reason::TooLong);
        };
        self.ends.push(end);
        Ok(())
    }

    fn undo_open(&mut self) {
        let end = self.end();
        self.bytes.truncate(end);
    }

    fn end(&self) -> usize {
        self.ends
            .last()
            .map_or(0, |&end| usize::try_from(end).unwrap_or(0))
    }

    fn truncate(&mut self, len: usize) {
        self.ends.truncate(len);
        self.undo_open();
    }

    fn finish(self) -> Result<StringArray, ArrowError> {
        StringArray::try_new(offsets(self.ends), self.bytes.into(), None)
    }
}

fn offsets(ends: Vec<i32>) -> OffsetBuffer<i32> {
    let mut offsets = Vec::with_capacity(ends.len() + 1);
    offsets.push(0);
    offsets.extend(ends);
    OffsetBuffer::new(ScalarBuffer::from(offsets))
}

impl Columns {
    /// Columns without rows, as the request wants them.
    pub(super) fn new(request: &Request) -> Self {
        let column = |name: &String, kind: Kind| Column {
            name: name.clone(),
            kind,
            values: Values::of(kind),
            valid: vec![],
        };
        Columns {
            schema: request.schema(),
            columns: request
                .fields
                .iter()
                .map(|field| column(&field.name, field.kind))
                .collect(),
            numbers: Vec::new(),
            mistakes: Mistakes::default(),
        }
    }

    pub(super) fn kind(&self, column: usize) -> Kind {
        self.columns[column].kind
    }

    /// Takes back what the row that is being read has put into a column.
    pub(super) fn reset(&mut self, column: usize) {
        let rows = self.numbers.len();
        self.columns[column].truncate(rows);
    }

    /// Puts a value into a column, or notes why it does not fit. Into a list it goes as a member.
    pub(super) fn put(&mut self, column: usize, scalar: Scalar<'_>) {
        if let Err(reason) = self.columns[column].put(scalar) {
            self.refuse(column, reason, &scalar.shown());
        }
    }

    /// Puts a value that is spelt in text, as in CSV. Not for lists, entries and JSON.
    pub(super) fn put_spelled(&mut self, column: usize, text: &str) {
        let scalar = match self.columns[column].kind {
            Kind::Int64 => spelled_int(text).map(Scalar::Int),
            Kind::Float64 => spelled_float(text).map(Scalar::Float),
            Kind::Boolean => spelled_bool(text).map(Scalar::Bool),
            _ => Ok(Scalar::Text(text)),
        };
        match scalar {
            Ok(scalar) => self.put(column, scalar),
            Err(reason) => self.refuse(column, reason, &Scalar::Text(text).shown()),
        }
    }

    /// Makes the list in this row one that is there, if empty.
    pub(super) fn open_list(&mut self, column: usize) {
        if let Values::List { open, .. } = &mut self.columns[column].values {
            *open = true;
        }
    }

    /// Adds a member, given in parts, to the list in this row.
    pub(super) fn item(&mut self, column: usize, parts: &[&str]) {
        if let Values::List { items, open, .. } = &mut self.columns[column].values {
            *open = true;
            for part in parts {
                items.bytes.extend_from_slice(part.as_bytes());
            }
            if let Err(reason) = items.close() {
                self.refuse(column, reason, "lists that exceed 2 GiB in one batch");
            }
        }
    }

    /// The buffer to which the text of this row may be written before [`close_text`](Self::close_text).
    pub(super) fn text_buffer(&mut self, column: usize) -> Option<&mut Vec<u8>> {
        match &mut self.columns[column].values {
            Values::Text(texts) => Some(&mut texts.bytes),
            _ => None,
        }
    }

    /// Ends the text that was written to the buffer.
    pub(super) fn close_text(&mut self, column: usize) {
        let Column { values, valid, .. } = &mut self.columns[column];
        if let Values::Text(texts) = values {
            match texts.close() {
                Ok(()) => valid.push(true),
                Err(reason) => self.refuse(column, reason, "texts that exceed 2 GiB in one batch"),
            }
        }
    }

    /// Notes that a column does not take a value.
    pub(super) fn refuse(&mut self, column: usize, reason: Reason, found: &str) {
        let Column { name, kind, .. } = &self.columns[column];
        let expected = kind.expected();
        self.mistakes.note(reason, || match reason {
            Reason::OutOfRange => {
                format!("column `{name}`: {found} is out of range for {expected}")
            }
            _ => format!("column `{name}`: expected {expected}, found {found}"),
        });
    }

    /// Notes that a column cannot be found below a value.
    pub(super) fn refuse_parent(&mut self, column: usize, expected: &str, found: &str) {
        let name = &self.columns[column].name;
        self.mistakes.note(Reason::WrongType, || {
            format!("above column `{name}`: expected {expected}, found {found}")
        });
    }

    /// Ends the row: it stays if it is without mistakes, and is taken back otherwise.
    pub(super) fn end_row(&mut self, row: u64, content: impl FnOnce() -> String) -> Option<Reject> {
        let rows = self.numbers.len();
        if self.mistakes.is_empty() {
            self.numbers.push(i64::try_from(row).unwrap_or(i64::MAX));
            self.columns
                .iter_mut()
                .for_each(|column| column.complete(rows));
            return None;
        }
        self.columns
            .iter_mut()
            .for_each(|column| column.truncate(rows));
        self.mistakes.take(row, content)
    }

    /// The rows so far, as a batch; the columns are empty again.
    pub(super) fn take(&mut self) -> Result<RecordBatch, ArrowError> {
        let mut arrays = self
            .columns
            .iter_mut()
            .map(Column::finish)
            .collect::<Result<Vec<_>, _>>()?;
        arrays.push(Arc::new(Int64Array::from(std::mem::take(
            &mut self.numbers,
        ))));
        RecordBatch::try_new(Arc::clone(&self.schema), arrays)
    }

    /// Ends a row of a column by itself: with a mistake, which is given back, it is null.
    pub(super) fn end_cell(&mut self) -> Option<(Reason, String)> {
        let rows = self.numbers.len();
        let mistake = self.mistakes.take_first();
        if mistake.is_some() {
            self.columns
                .iter_mut()
                .for_each(|column| column.truncate(rows));
        }
        self.columns
            .iter_mut()
            .for_each(|column| column.complete(rows));
        self.numbers.push(0);
        mistake
    }

    /// The first column, empty again.
    pub(super) fn take_only(&mut self) -> Result<ArrayRef, ArrowError> {
        self.numbers.clear();
        self.columns[0].finish()
    }
}

impl Values {
    fn of(kind: Kind) -> Self {
        match kind {
            Kind::Utf8 | Kind::Json => Values::Text(Texts::default()),
            Kind::Int64 | Kind::Timestamp => Values::Int(Vec::new()),
            Kind::Float64 => Values::Float(Vec::new()),
            Kind::Boolean => Values::Bool(Vec::new()),
            Kind::Date32 => Values::Days(Vec::new()),
            Kind::ListUtf8 | Kind::Entries => Values::List {
                ends: Vec::new(),
                items: Texts::default(),
                open: false,
            },
        }
    }
}

impl Column {
    fn put(&mut self, scalar: Scalar<'_>) -> Result<(), Reason> {
        match (&mut self.values, self.kind, scalar) {
            (Values::Text(texts), Kind::Utf8, Scalar::Text(text)) => texts.push(text)?,
            (Values::Text(texts), Kind::Utf8, Scalar::Bool(true)) => texts.push("true")?,
            (Values::Text(texts), Kind::Utf8, Scalar::Bool(false)) => texts.push("false")?,
            (Values::Int(values), Kind::Int64, Scalar::Int(value)) => values.push(value),
            (Values::Int(values), Kind::Int64, Scalar::UInt(value)) => {
                values.push(i64::try_from(value).map_err(|_| Reason::OutOfRange)?);
            }
            (Values::Int(values), Kind::Int64, Scalar::Float(value)) => {
                values.push(int_of_float(value)?)
            }
            (Values::Int(values), Kind::Timestamp, Scalar::Text(text)) => {
                values.push(spelled_timestamp(text)?)
            }
            (Values::Int(values), Kind::Timestamp, Scalar::Micros(micros)) => {
                values.push(checked_micros(micros)?)
            }
            (Values::Int(values), Kind::Timestamp, Scalar::Days(days)) => {
                values.push(micros_of_date(checked_days(days)?));
            }
            (Values::Float(values), _, Scalar::Float(value)) if value.is_finite() => {
                values.push(value)
            }
            (Values::Float(_), _, Scalar::Float(_)) => return Err(Reason::NotANumber),
            (Values::Float(values), _, Scalar::Int(value)) => values.push(value as f64),
            (Values::Float(values), _, Scalar::UInt(value)) => values.push(value as f64),
            (Values::Bool(values), _, Scalar::Bool(value)) => values.push(value),
            (Values::Days(values), _, Scalar::Text(text)) => values.push(spelled_date(text)?),
            (Values::Days(values), _, Scalar::Micros(micros)) => {
                values.push(date_of_micros(checked_micros(micros)?))
            }
            (Values::Days(values), _, Scalar::Days(days)) => values.push(checked_days(days)?),
            (Values::List { items, open, .. }, Kind::ListUtf8, Scalar::Text(text)) => {
                *open = true;
                return items.push(text);
            }
            _ => return Err(Reason::WrongType),
        }
        self.valid.push(true);
        Ok(())
    }

    /// Gives a row that has put nothing a null.
    fn complete(&mut self, rows: usize) {
        if let Values::List { ends, items, open } = &mut self.values {
            // As many items as ends of items, each of which fits an i32.
            ends.push(i32::try_from(items.ends.len()).unwrap_or(i32::MAX));
            self.valid.push(std::mem::take(open));
        } else if self.valid.len() == rows {
            match &mut self.values {
                Values::Int(values) => values.push(0),
                Values::Float(values) => values.push(0.0),
                Values::Bool(values) => values.push(false),
                Values::Days(values) => values.push(0),
                Values::Text(texts) => {
                    texts.undo_open();
                    texts.ends.push(texts.ends.last().copied().unwrap_or(0));
                }
                Values::List { .. } => {}
            }
            self.valid.push(false);
        }
    }

    fn truncate(&mut self, rows: usize) {
        self.valid.truncate(rows);
        match &mut self.values {
            Values::Int(values) => values.truncate(rows),
            Values::Float(values) => values.truncate(rows),
            Values::Bool(values) => values.truncate(rows),
            Values::Days(values) => values.truncate(rows),
            Values::Text(texts) => texts.truncate(rows),
            Values::List { ends, items, open } => {
                ends.truncate(rows);
                items.truncate(
                    ends.last()
                        .map_or(0, |&end| usize::try_from(end).unwrap_or(0)),
                );
                *open = false;
            }
        }
    }

    fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        let valid = std::mem::take(&mut self.valid);
        let nulls = valid.contains(&false).then(|| NullBuffer::from(valid));
        Ok(
            match std::mem::replace(&mut self.values, Values::of(self.kind)) {
                Values::Int(values) if self.kind == Kind::Timestamp => Arc::new(
                    TimestampMicrosecondArray::new(values.into(), nulls).with_timezone("UTC"),
                ),
                Values::Int(values) => Arc::new(Int64Array::new(values.into(), nulls)),
                Values::Float(values) => Arc::new(Float64Array::new(values.into(), nulls)),
                Values::Bool(values) => Arc::new(BooleanArray::new(values.into(), nulls)),
                Values::Days(values) => Arc::new(Date32Array::new(values.into(), nulls)),
                Values::Text(texts) => Arc::new(StringArray::try_new(
                    offsets(texts.ends),
                    texts.bytes.into(),
                    nulls,
                )?),
                Values::List { ends, items, .. } => Arc::new(ListArray::try_new(
                    super::list_item(),
                    offsets(ends),
                    Arc::new(items.finish()?),
                    nulls,
                )?),
            },
        )
    }
}
