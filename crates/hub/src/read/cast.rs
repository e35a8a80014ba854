//! Parquet's columns as the columns wanted.
//!
//! A column that has the type already passes through as it is; what needs a look at each value is
//! read value by value, by the same rules as JSON.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, ListArray, PrimitiveArray, RecordBatch,
    TimestampMicrosecondArray, make_array, new_null_array,
};
use arrow::buffer::NullBuffer;
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Float64Type, SchemaRef, TimeUnit,
};
use arrow::error::ArrowError;

use super::columns::Columns;
use super::reject::{Mistakes, Reason, content};
use super::scalar::{Scalar, checked_days, checked_micros};
use super::view::{Value, View};
use super::{Chunk, Field, Format, Kind, Request, Step, decode, list_item};

/// The wanted columns of a file's batch. `first` is the number of the batch's first row.
pub(super) fn chunk(
    batch: &RecordBatch,
    fields: &[Field],
    schema: &SchemaRef,
    first: u64,
) -> Result<Chunk, ArrowError> {
    let rows = batch.num_rows();
    let mut mistakes = BTreeMap::new();
    let mut columns = Vec::with_capacity(fields.len() + 1);
    for field in fields {
        columns.push(column(batch, field, &mut mistakes)?);
    }
    let first = i64::try_from(first).unwrap_or(i64::MAX);
    columns.push(Arc::new(Int64Array::from_iter_values(
        (0..rows).map(|row| first.saturating_add(row as i64)),
    )));
    let mut cast = RecordBatch::try_new(Arc::clone(schema), columns)?;
    if mistakes.is_empty() {
        return Ok(Chunk {
            batch: cast,
            rejects: Vec::new(),
        });
    }

    let stays: BooleanArray = (0..rows)
        .map(|row| Some(!mistakes.contains_key(&row)))
        .collect();
    cast = filter_record_batch(&cast, &stays)?;
    let whole = View::of(&(Arc::new(arrow::array::StructArray::from(batch.clone())) as ArrayRef))?;
    let rejects = mistakes.into_iter().filter_map(|(row, mut mistakes)| {
        mistakes.take(u64::try_from(first).unwrap_or(0) + row as u64, || {
            let mut text = Vec::new();
            whole.get(row).write_json(&mut text);
            content(&text)
        })
    });
    Ok(Chunk {
        rejects: rejects.collect(),
        batch: cast,
    })
}

/// One wanted column; rows that do not fit are null in it and noted.
fn column(
    batch: &RecordBatch,
    field: &Field,
    mistakes: &mut BTreeMap<usize, Mistakes>,
) -> Result<ArrayRef, ArrowError> {
    let nothing = || new_null_array(&field.kind.data_type(), batch.num_rows());
    let mut steps = field.path.as_slice();
    let Some((Step::Key(key), rest)) = steps.split_first() else {
        return Ok(nothing());
    };
    let Some(found) = batch.column_by_name(key) else {
        return Ok(nothing());
    };
    let mut array = Arc::clone(found);
    steps = rest;
    while let (Some((Step::Key(key), rest)), DataType::Struct(_)) =
        (steps.split_first(), array.data_type())
    {
        let parent = array.as_struct();
        let Some(member) = parent.column_by_name(key) else {
            return Ok(nothing());
        };
        array = within(member, parent.nulls())?;
        steps = rest;
    }
    match as_it_is(&array, steps, field.kind)? {
        Some(column) => Ok(column),
        None => by_value(&array, steps, field, mistakes),
    }
}

/// A struct's member, null also where the struct is.
fn within(member: &ArrayRef, parent: Option<&NullBuffer>) -> Result<ArrayRef, ArrowError> {
    let both = NullBuffer::union(parent, member.nulls());
    if both.as_ref().map_or(0, NullBuffer::null_count) == member.null_count()
        || member.data_type() == &DataType::Null
    {
        return Ok(Arc::clone(member));
    }
    Ok(make_array(
        member.to_data().into_builder().nulls(both).build()?,
    ))
}

/// The column without a look at each value, where that is possible.
fn as_it_is(array: &ArrayRef, steps: &[Step], kind: Kind) -> Result<Option<ArrayRef>, ArrowError> {
    if array.null_count() == array.len() || array.data_type() == &DataType::Null {
        return Ok(Some(new_null_array(&kind.data_type(), array.len())));
    }
    match steps {
        [] => {}
        [Step::Each, rest @ ..] => return list_of_members(array, rest),
        [Step::Key(_), ..] => return Ok(None),
    }
    Ok(match (kind, array.data_type()) {
        (Kind::Utf8, DataType::Utf8)
        | (Kind::Int64, DataType::Int64)
        | (Kind::Boolean, DataType::Boolean) => Some(Arc::clone(array)),
        (
            Kind::Int64,
            DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::UInt8
            | DataType::UInt16
            | DataType::UInt32,
        ) => Some(cast(array, &DataType::Int64)?),
        (
            Kind::Float64,
            DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::UInt8
            | DataType::UInt16
            | DataType::UInt32
            | DataType::UInt64,
        ) => Some(cast(array, &DataType::Float64)?),
        (Kind::Float64, DataType::Float64) => {
            let all = all_valid(array.as_primitive::<Float64Type>(), f64::is_finite);
            all.then(|| Arc::clone(array))
        }
        (Kind::Date32, DataType::Date32) => {
            let all = all_valid(array.as_primitive::<Date32Type>(), |days| {
                checked_days(days).is_ok()
            });
            all.then(|| Arc::clone(array))
        }
        (Kind::Timestamp, DataType::Timestamp(unit, _)) => moments(array, *unit)?,
        (Kind::ListUtf8, DataType::List(_)) => list_of_members(array, &[])?,
        _ => None,
    })
}

fn all_valid<T: ArrowPrimitiveType>(
    array: &PrimitiveArray<T>,
    fits: impl Fn(T::Native) -> bool,
) -> bool {
    match array.nulls() {
        None => array.values().iter().all(|&value| fits(value)),
        Some(_) => array.iter().flatten().all(fits),
    }
}

fn moments(array: &ArrayRef, unit: TimeUnit) -> Result<Option<ArrayRef>, ArrowError> {
    let View::Moment(values, nulls, _) = View::of(array)? else {
        return Ok(None);
    };
    let micros = match unit {
        TimeUnit::Microsecond => values,
        _ => values
            .iter()
            .map(|&value| super::view::micros(value, unit))
            .collect(),
    };
    let micros = TimestampMicrosecondArray::try_new(micros, nulls)?;
    let all = all_valid(&micros, |value| checked_micros(value).is_ok());
    Ok(all.then(|| Arc::new(micros.with_timezone("UTC")) as ArrayRef))
}

/// A list of texts, or of structs with one at the end of `steps`, none of them null.
fn list_of_members(array: &ArrayRef, steps: &[Step]) -> Result<Option<ArrayRef>, ArrowError> {
    let DataType::List(_) = array.data_type() else {
        return Ok(None);
    };
    let list = array.as_list::<i32>();
    let mut members = Arc::clone(list.values());
    for step in steps {
        let (Step::Key(key), DataType::Struct(_)) = (step, members.data_type()) else {
            return Ok(None);
        };
        let parent = members.as_struct();
        let Some(member) = parent.column_by_name(key) else {
            return Ok(None);
        };
        members = within(member, parent.nulls())?;
    }
    if members.data_type() != &DataType::Utf8 || members.null_count() > 0 {
        return Ok(None);
    }
    let column = ListArray::try_new(
        list_item(),
        list.offsets().clone(),
        members,
        list.nulls().cloned(),
    )?;
    Ok(Some(Arc::new(column)))
}

fn by_value(
    array: &ArrayRef,
    steps: &[Step],
    field: &Field,
    mistakes: &mut BTreeMap<usize, Mistakes>,
) -> Result<ArrayRef, ArrowError> {
    let view = View::of(array)?;
    let request = Request::new(vec![field.clone()], Format::Parquet);
    let mut columns = Columns::new(&request);
    for row in 0..array.len() {
        put(&mut columns, view.get(row), steps);
        if let Some((reason, detail)) = columns.end_cell() {
            mistakes.entry(row).or_default().note(reason, || detail);
        }
    }
    columns.take_only()
}

/// Puts what `steps` lead to from a value into the only column.
fn put(columns: &mut Columns, value: Value<'_>, steps: &[Step]) {
    match (steps.split_first(), value) {
        (_, Value::Null) => {}
        (None, value) => put_value(columns, value),
        (Some((Step::Each, rest)), value) => {
            columns.open_list(0);
            match value {
                Value::List(members, range) => {
                    range.for_each(|at| put(columns, members.get(at), rest))
                }
                value => put(columns, value, rest),
            }
        }
        (Some((Step::Key(key), rest)), Value::Struct(members, row)) => {
            if let Some((_, view)) = members.iter().find(|(name, _)| name == key) {
                put(columns, view.get(row), rest);
            }
        }
        (Some((Step::Key(key), rest)), Value::Map(members, range)) => {
            let is_key = |at: &usize| matches!(members.0.get(*at), Value::Scalar(Scalar::Text(name)) if name == key);
            if let Some(at) = range.rev().find(is_key) {
                put(columns, members.1.get(at), rest);
            }
        }
        (Some((Step::Key(_), _)), value) => columns.refuse_parent(0, "an object", &value.shown()),
    }
}

fn put_value(columns: &mut Columns, value: Value<'_>) {
    match (columns.kind(0), value) {
        (Kind::Json | Kind::Entries | Kind::ListUtf8, Value::Scalar(Scalar::Text(text))) => {
            decode::json_text(columns, 0, text);
        }
        (Kind::Json, value) => {
            if let Some(out) = columns.text_buffer(0) {
                value.write_json(out);
            }
            columns.close_text(0);
        }
        (Kind::ListUtf8, Value::List(members, range)) => {
            columns.open_list(0);
            for at in range {
                match members.get(at) {
                    Value::Null => {}
                    Value::Scalar(scalar) => columns.put(0, scalar),
                    other => columns.refuse(
                        0,
                        Reason::WrongType,
                        &format!("{} among its members", other.shown()),
                    ),
                }
            }
        }
        (Kind::Entries, Value::Struct(members, row)) => {
            columns.open_list(0);
            members
                .iter()
                .for_each(|(name, view)| put_entry(columns, name, view.get(row)));
        }
        (Kind::Entries, Value::Map(members, range)) => {
            columns.open_list(0);
            for at in range {
                match members.0.get(at) {
                    Value::Scalar(Scalar::Text(key)) => put_entry(columns, key, members.1.get(at)),
                    key => {
                        columns.refuse(0, Reason::WrongType, &format!("{} as a key", key.shown()))
                    }
                }
            }
        }
        (_, Value::Scalar(scalar)) => columns.put(0, scalar),
        (_, other) => columns.refuse(0, Reason::WrongType, &other.shown()),
    }
}

fn put_entry(columns: &mut Columns, key: &str, value: Value<'_>) {
    match value {
        Value::Null => {}
        Value::Scalar(scalar) => decode::entry(columns, 0, key, scalar),
        other => columns.refuse(
            0,
            Reason::WrongType,
            &format!("{} among its members", other.shown()),
        ),
    }
}
