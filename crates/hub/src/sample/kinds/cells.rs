//! Rows of cells, as record batches in the columns of the archive and as lines of the API's items.

use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, BooleanArray, Float64Array, Int64Array, ListBuilder, RecordBatch,
    StringArray, StringBuilder, StructArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field as Column, Fields, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;

use crate::sample::json::moment;
use crate::sample::model::{push_json, push_number};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Text,
    Count,
    Number,
    /// Seconds since 1970.
    Moment,
    Texts,
    Flag,
    /// JSON, as text in the archive.
    Json,
}

/// A column: its name in the archive and its key in the API's items. A name with a dot is a member
/// of a struct or object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub(super) archive: &'static str,
    pub(super) api: &'static str,
    pub(super) holds: Type,
}

/// The value of one column in one row.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    None,
    Text(String),
    Count(u64),
    Number(f64),
    Moment(i64),
    Texts(Vec<String>),
    Flag(bool),
}

impl Cell {
    /// A text; the empty one is none.
    pub(super) fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() {
            Self::None
        } else {
            Self::Text(text)
        }
    }
}

/// Rows under construction, column by column.
pub(super) struct Batch {
    fields: &'static [Field],
    columns: Vec<Vec<Cell>>,
}

impl Batch {
    pub(super) fn new(fields: &'static [Field]) -> Self {
        Self {
            fields,
            columns: vec![Vec::new(); fields.len()],
        }
    }

    pub(super) fn len(&self) -> usize {
        self.columns.first().map_or(0, Vec::len)
    }

    pub(super) fn push(&mut self, row: Vec<Cell>) {
        for (column, cell) in self.columns.iter_mut().zip(row) {
            column.push(cell);
        }
    }

    /// The rows so far; the next ones start anew.
    pub(super) fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        let fields = self.fields.iter();
        let columns = fields.zip(&mut self.columns).map(|(field, cells)| {
            let cells = std::mem::take(cells);
            let values = values(field.holds, &cells);
            match field.archive.split_once('.') {
                None => Ok(values),
                Some((_, member)) => {
                    let nulls = values.nulls().cloned();
                    let members = Fields::from(vec![column(member, field.holds)]);
                    let all = StructArray::try_new(members, vec![values], nulls)?;
                    Ok(Arc::new(all) as ArrayRef)
                }
            }
        });
        let columns = columns.collect::<Result<Vec<_>, ArrowError>>()?;
        RecordBatch::try_new(schema(self.fields), columns)
    }
}

fn column(name: &str, holds: Type) -> Column {
    let data_type = match holds {
        Type::Text | Type::Json => DataType::Utf8,
        Type::Count => DataType::Int64,
        Type::Number => DataType::Float64,
        Type::Moment => DataType::Timestamp(TimeUnit::Microsecond, None),
        Type::Texts => DataType::List(Arc::new(Column::new("element", DataType::Utf8, true))),
        Type::Flag => DataType::Boolean,
    };
    Column::new(name, data_type, true)
}

/// The columns of the archive's file.
pub(super) fn schema(fields: &[Field]) -> SchemaRef {
    let columns = fields
        .iter()
        .map(|field| match field.archive.split_once('.') {
            None => column(field.archive, field.holds),
            Some((name, member)) => {
                let members = Fields::from(vec![column(member, field.holds)]);
                Column::new(name, DataType::Struct(members), true)
            }
        });
    Arc::new(Schema::new(columns.collect::<Vec<_>>()))
}

fn values(holds: Type, cells: &[Cell]) -> ArrayRef {
    let count = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    match holds {
        Type::Text | Type::Json => {
            Arc::new(StringArray::from_iter(cells.iter().map(
                |cell| match cell {
                    Cell::Text(text) => Some(text.as_str()),
                    _ => None,
                },
            )))
        }
        Type::Count => Arc::new(Int64Array::from_iter(cells.iter().map(|cell| match cell {
            Cell::Count(value) => Some(count(*value)),
            _ => None,
        }))),
        Type::Number => Arc::new(Float64Array::from_iter(cells.iter().map(
            |cell| match cell {
                Cell::Number(value) => Some(*value),
                _ => None,
            },
        ))),
        Type::Moment => Arc::new(TimestampMicrosecondArray::from_iter(cells.iter().map(
            |cell| match cell {
                Cell::Moment(seconds) => Some(seconds * 1_000_000),
                _ => None,
            },
        ))),
        Type::Flag => Arc::new(BooleanArray::from_iter(cells.iter().map(
            |cell| match cell {
                Cell::Flag(value) => Some(*value),
                _ => None,
            },
        ))),
        Type::Texts => {
            let item = Column::new("element", DataType::Utf8, true);
            let mut lists = ListBuilder::new(StringBuilder::new()).with_field(Arc::new(item));
            for cell in cells {
                if let Cell::Texts(texts) = cell {
                    for text in texts {
                        lists.values().append_value(text);
                    }
                    lists.append(true);
                } else {
                    lists.append(false);
                }
            }
            Arc::new(lists.finish())
        }
    }
}

/// Appends a row as a JSON object on a line of its own. What is null is absent.
pub(super) fn line(fields: &[Field], row: &[Cell], out: &mut String) {
    let mut open: Option<&str> = None;
    let mut mark = "{";
    for (field, cell) in fields.iter().zip(row) {
        if *cell == Cell::None || field.api.is_empty() {
            continue;
        }
        let (object, key) = match field.api.split_once('.') {
            Some((object, key)) => (Some(object), key),
            None => (None, field.api),
        };
        if object != open {
            if open.is_some() {
                out.push('}');
            }
            if let Some(object) = object {
                out.push_str(mark);
                push_json(out, object);
                out.push(':');
                mark = "{";
            }
            open = object;
        }
        out.push_str(mark);
        mark = ",";
        push_json(out, key);
        out.push(':');
        value(field.holds, cell, out);
    }
    if open.is_some() {
        out.push('}');
    }
    out.push_str(if mark == "{" { "{}\n" } else { "}\n" });
}

fn value(holds: Type, cell: &Cell, out: &mut String) {
    match cell {
        Cell::None => out.push_str("null"),
        Cell::Text(text) if holds == Type::Json => out.push_str(text),
        Cell::Text(text) => push_json(out, text),
        Cell::Count(count) => push_number(out, *count, 1),
        Cell::Number(number) => push_number(out, *number as u64, 1),
        Cell::Moment(seconds) => moment(out, *seconds),
        Cell::Flag(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Cell::Texts(texts) => {
            for (at, text) in texts.iter().enumerate() {
                out.push(if at == 0 { '[' } else { ',' });
                push_json(out, text);
            }
            out.push_str(if texts.is_empty() { "[]" } else { "]" });
        }
    }
}
