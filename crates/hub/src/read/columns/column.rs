//! One column under construction.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, ListArray, StringArray,
    TimestampMicrosecondArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::error::ArrowError;

use super::NO_ROUTE;
use crate::read::Kind;
use crate::read::reject::Reason;
use crate::read::scalar::{
    Scalar, checked_days, checked_micros, date_of_micros, int_of_float, micros_of_date,
    spelled_date, spelled_timestamp,
};
use crate::read::survey::{Oddity, Presence};

/// A column, row by row.
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) values: Values,
    pub(super) valid: Vec<bool>,
    /// The rank of the route by which this row's value came.
    pub(super) route: u8,
    /// Whether this row has it, or something above it that is null or an empty list.
    pub(super) touched: bool,
    pub(super) presence: Presence,
}

pub(super) enum Values {
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
pub(super) struct Texts {
    pub(super) bytes: Vec<u8>,
    ends: Vec<i32>,
}

impl Texts {
    fn push(&mut self, text: &str) -> Result<(), Reason> {
        self.bytes.extend_from_slice(text.as_bytes());
        self.close()
    }

    /// Ends the text that was appended to `bytes`, or takes it back if the column would be too
    /// large for Arrow's offsets.
    pub(super) fn close(&mut self) -> Result<(), Reason> {
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
    /// A column without rows.
    pub(super) fn new(name: &str, kind: Kind) -> Self {
        Column {
            name: name.to_owned(),
            kind,
            values: Values::of(kind),
            valid: Vec::new(),
            route: NO_ROUTE,
            touched: false,
            presence: Presence::default(),
        }
    }

    /// Puts a value, which is finite; gives how it is taken otherwise than it stands there.
    pub(super) fn put(&mut self, scalar: Scalar<'_>) -> Result<Option<Oddity>, Reason> {
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
            (Values::Float(values), _, Scalar::Float(value)) => values.push(value),
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
                return items.push(text).map(|()| None);
            }
            (Values::List { items, open, .. }, Kind::ListUtf8, scalar) => {
                *open = true;
                let Some(text) = scalar.spelled() else {
                    return Ok(Some(Oddity::MemberLeftOut));
                };
                return items.push(&text).map(|()| Some(Oddity::MemberNotText));
            }
            _ => return Err(Reason::WrongType),
        }
        self.valid.push(true);
        Ok(None)
    }

    /// Gives a row that has put nothing a null.
    pub(super) fn complete(&mut self, rows: usize) {
        self.route = NO_ROUTE;
        self.presence.lacks |= !std::mem::take(&mut self.touched);
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

    /// Takes back what came after so many rows.
    pub(super) fn truncate(&mut self, rows: usize) {
        self.route = NO_ROUTE;
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

    pub(super) fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
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
                    crate::read::list_item(),
                    offsets(ends),
                    Arc::new(items.finish()?),
                    nulls,
                )?),
            },
        )
    }
}
