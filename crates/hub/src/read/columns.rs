//! Columns under construction, row by row, from which an unfinished row can be taken back.

mod column;

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;

use self::column::{Column, Values};
use super::reject::{Mistakes, Reason, Reject};
use super::scalar::{Scalar, Spelling, spelled_bool};
use super::survey::{OddValue, Oddities, Oddity, Presence};
use super::{Kind, Request};

/// Members of an object: their keys and JSON.
type FlatMembers = Vec<(String, Vec<u8>)>;

/// The rank of no route.
const NO_ROUTE: u8 = u8::MAX;

/// The columns of a batch and the mistakes of the row that is being read.
pub(super) struct Columns {
    schema: SchemaRef,
    columns: Vec<Column>,
    numbers: Vec<i64>,
    pub(super) mistakes: Mistakes,
    /// Texts that stand for null.
    null_values: Arc<[String]>,
    spelling: Spelling,
    /// Members of objects that the row that is being read has one by one: by column, their keys and
    /// JSON.
    flattened: BTreeMap<usize, FlatMembers>,
    /// The odd values of the row that is being read.
    odd_in_row: Vec<OddValue>,
    /// Those of the rows that stay.
    odd: Oddities,
}

impl Columns {
    /// Columns without rows, as the request wants them.
    pub(super) fn new(request: &Request) -> Self {
        Columns {
            schema: request.schema(),
            columns: request
                .fields
                .iter()
                .map(|field| Column::new(&field.name, field.kind))
                .collect(),
            numbers: Vec::new(),
            mistakes: Mistakes::default(),
            null_values: request.null_values.as_slice().into(),
            spelling: request.spelling(),
            flattened: BTreeMap::new(),
            odd_in_row: Vec::new(),
            odd: Oddities::default(),
        }
    }

    pub(super) fn kind(&self, column: usize) -> Kind {
        self.columns[column].kind
    }

    /// Takes back what the row that is being read has put into a column by a route.
    pub(super) fn retract(&mut self, column: usize, route: u8) {
        if self.columns[column].route == route {
            self.columns[column].truncate(self.numbers.len());
        }
    }

    /// Takes back all of the row that is being read.
    pub(super) fn restart_row(&mut self) {
        let rows = self.numbers.len();
        self.columns
            .iter_mut()
            .for_each(|column| column.truncate(rows));
        self.odd_in_row.clear();
        self.flattened.clear();
        self.mistakes.take_first();
    }

    /// Whether the row has a value in a column.
    pub(super) fn has_value(&self, column: usize) -> bool {
        self.columns[column].route != NO_ROUTE
    }

    /// Keeps a member of an object that the row has one by one; null ones are none.
    pub(super) fn keep_flattened(&mut self, column: usize, key: String, json: Vec<u8>) {
        self.find(column);
        if json != b"null" {
            self.flattened.entry(column).or_default().push((key, json));
        }
    }

    /// The objects whose members were kept in this row.
    pub(super) fn take_flattened(&mut self) -> BTreeMap<usize, FlatMembers> {
        std::mem::take(&mut self.flattened)
    }

    /// Notes that something above a column is null or an empty list.
    pub(super) fn touch(&mut self, column: usize) {
        self.columns[column].touched = true;
    }

    /// Notes that the row has a column, be it as null.
    pub(super) fn find(&mut self, column: usize) {
        let column = &mut self.columns[column];
        column.touched = true;
        column.presence.has = true;
    }

    /// Makes room for a value that was found by a route; `false` if a better route has given one.
    /// Values by the same route add up, which only lists can.
    pub(super) fn admit(&mut self, column: usize, route: u8) -> bool {
        self.find(column);
        let rows = self.numbers.len();
        let column = &mut self.columns[column];
        if column.route < route {
            return false;
        }
        if column.route != route && column.route != NO_ROUTE {
            column.truncate(rows);
        }
        column.route = route;
        true
    }

    /// Puts a value that was found by a route into a column, or notes why it does not fit. Into a
    /// list it goes as a member.
    pub(super) fn put(&mut self, column: usize, route: u8, scalar: Scalar<'_>) {
        self.find(column);
        if !self.is_nothing(column, scalar) && self.admit(column, route) {
            self.put_admitted(column, scalar);
        }
    }

    /// Adds a member to the list in this row, which is open.
    pub(super) fn put_member(&mut self, column: usize, scalar: Scalar<'_>) {
        if !self.is_nothing(column, scalar) {
            self.put_admitted(column, scalar);
        }
    }

    /// Whether a value stands for null. Numbers that are not finite are odd, too.
    pub(super) fn is_nothing(&mut self, column: usize, scalar: Scalar<'_>) -> bool {
        match scalar {
            Scalar::Float(value) if !value.is_finite() => {
                self.note_odd(column, Oddity::NotFinite, &value.to_string());
                true
            }
            Scalar::Text(text) => self.is_null_value(text),
            _ => false,
        }
    }

    /// Whether a text is one of those that stand for null.
    pub(super) fn is_null_value(&self, text: &str) -> bool {
        self.null_values.iter().any(|null| null == text)
    }

    fn put_admitted(&mut self, column: usize, scalar: Scalar<'_>) {
        match self.columns[column].put(scalar) {
            Ok(None) => {}
            Ok(Some(oddity)) => self.note_odd(column, oddity, &scalar.shown()),
            Err(reason) => self.refuse(column, reason, &scalar.shown()),
        }
    }

    /// Puts a value that is spelt in text, as in CSV. Not for lists, entries and JSON.
    pub(super) fn put_spelled(&mut self, column: usize, text: &str) {
        self.find(column);
        if self.is_null_value(text) {
            return;
        }
        let scalar = match self.columns[column].kind {
            Kind::Int64 => self.spelling.int(text),
            Kind::Float64 => self.spelling.float(text).map(Scalar::Float),
            Kind::Boolean => spelled_bool(text).map(Scalar::Bool),
            _ => Ok(Scalar::Text(text)),
        };
        match scalar {
            Ok(scalar) => self.put(column, 0, scalar),
            Err(reason) => self.refuse(column, reason, &Scalar::Text(text).shown()),
        }
    }

    /// Notes that a value of this row was taken otherwise than it stands there.
    pub(super) fn note_odd(&mut self, column: usize, oddity: Oddity, found: &str) {
        self.odd_in_row
            .push((column, oddity, super::reject::shown(found)));
    }

    /// Makes the list in this row one that is there, if empty.
    pub(super) fn open_list(&mut self, column: usize) {
        if let Values::List { open, .. } = &mut self.columns[column].values {
            *open = true;
        }
    }

    /// The same for a list that was found by a route, unless a better one has given one.
    pub(super) fn open_list_by(&mut self, column: usize, route: u8) {
        let of_column = &self.columns[column];
        let (has, touched) = (of_column.presence.has, of_column.touched);
        if self.admit(column, route) {
            self.open_list(column);
        }
        // That the list is there does not say that its members have the column.
        let of_column = &mut self.columns[column];
        (of_column.presence.has, of_column.touched) = (has, touched);
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
            for odd in self.odd_in_row.drain(..) {
                self.odd.add(row, odd);
            }
            return None;
        }
        self.odd_in_row.clear();
        self.flattened.clear();
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

    /// What was found beside the rows since the last call: for each column whether rows have it,
    /// and the odd values.
    pub(super) fn take_findings(&mut self) -> (impl Iterator<Item = Presence>, Oddities) {
        let odd = std::mem::take(&mut self.odd);
        let presence = self.columns.iter_mut();
        (
            presence.map(|column| std::mem::take(&mut column.presence)),
            odd,
        )
    }

    /// Ends a row of a column by itself: with a mistake, which is given back, it is null. With it
    /// goes what is odd.
    pub(super) fn end_cell(&mut self) -> (Option<(Reason, String)>, Vec<OddValue>) {
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
        (mistake, std::mem::take(&mut self.odd_in_row))
    }

    /// The first column, empty again, and whether its rows have it.
    pub(super) fn take_only(&mut self) -> Result<(ArrayRef, Presence), ArrowError> {
        self.numbers.clear();
        let column = &mut self.columns[0];
        Ok((column.finish()?, std::mem::take(&mut column.presence)))
    }
}
