//! Parquet's columns as the columns wanted.
//!
//! A column that has the type already passes through as it is; what needs a look at each value is
//! read value by value, by the same rules as JSON.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, ListArray, PrimitiveArray, RecordBatch,
    StructArray, TimestampMicrosecondArray, make_array, new_null_array,
};
use arrow::buffer::NullBuffer;
use arrow::compute::kernels::zip::zip;
use arrow::compute::{cast, filter_record_batch, is_not_null};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Float64Type, SchemaRef, TimeUnit,
};
use arrow::error::ArrowError;

use super::columns::Columns;
use super::plan::{Node, names};
use super::reject::{Mistakes, Reason, content};
use super::scalar::{Scalar, checked_days, checked_micros};
use super::survey::{OddValue, Oddities, Oddity, Presence, Survey};
use super::view::{Value, View};
use super::{Chunk, Field, Format, Kind, Request, Step, decode, list_item, members, wanted};

/// What a file's batches are read as.
pub(super) struct Wanted {
    pub(super) fields: Vec<Field>,
    pub(super) schema: SchemaRef,
    pub(super) null_values: Vec<String>,
}

/// Mistakes by row of a batch, and what is odd in it with its row.
#[derive(Default)]
struct Notes {
    mistakes: BTreeMap<usize, Mistakes>,
    odd: Vec<(usize, OddValue)>,
}

/// The wanted columns of a file's batch. `first` is the number of the batch's first row.
pub(super) fn chunk(
    batch: &RecordBatch,
    wanted: &Wanted,
    survey: &Survey,
    first: u64,
) -> Result<Chunk, ArrowError> {
    let rows = batch.num_rows();
    let whole = StructArray::from(batch.clone());
    let mut notes = Notes::default();
    let mut columns = Vec::with_capacity(wanted.fields.len() + 1);
    let mut presence = Vec::with_capacity(wanted.fields.len());
    for at in 0..wanted.fields.len() {
        let (column, found) = column(&whole, wanted, at, &mut notes)?;
        columns.push(column);
        presence.push(found);
    }
    let mut odd = Oddities::default();
    // By row, as they are counted.
    notes.odd.sort_by_key(|(row, _)| *row);
    for (row, value) in notes.odd {
        if !notes.mistakes.contains_key(&row) {
            odd.add(first.saturating_add(row as u64), value);
        }
    }
    survey.add(presence.into_iter(), odd);

    let number = i64::try_from(first).unwrap_or(i64::MAX);
    columns.push(Arc::new(Int64Array::from_iter_values(
        (0..rows).map(|row| number.saturating_add(row as i64)),
    )));
    let mut cast = RecordBatch::try_new(Arc::clone(&wanted.schema), columns)?;
    if notes.mistakes.is_empty() {
        return Ok(Chunk {
            batch: cast,
            rejects: Vec::new(),
        });
    }

    let stays: BooleanArray = (0..rows)
        .map(|row| Some(!notes.mistakes.contains_key(&row)))
        .collect();
    cast = filter_record_batch(&cast, &stays)?;
    let whole = View::of(&(Arc::new(whole) as ArrayRef))?;
    let rejects = notes
        .mistakes
        .into_iter()
        .filter_map(|(row, mut mistakes)| {
            mistakes.take(first.saturating_add(row as u64), || {
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

/// One wanted column; rows that do not fit are null in it and noted. Of a column that is there by
/// several routes, the first value that is not null counts.
fn column(
    batch: &StructArray,
    wanted: &Wanted,
    at: usize,
    notes: &mut Notes,
) -> Result<(ArrayRef, Presence), ArrowError> {
    let Some(field) = wanted.fields.get(at) else {
        return Err(ArrowError::InvalidArgumentError("no such field".to_owned()));
    };
    let mut field = field.clone();
    let path = field.path.clone();
    let mut found = Vec::new();
    locate(batch, &path, &mut found)?;
    if found.is_empty()
        && let Some(members) = members_of(batch, &field)
    {
        found.push((members, &[]));
        // Its text is JSON.
        if field.kind == Kind::Utf8 {
            field.kind = Kind::Json;
        }
    }
    let mut whole: Option<ArrayRef> = None;
    let mut presence = Presence {
        has: false,
        lacks: found.is_empty(),
    };
    for (array, steps) in found {
        let texts_are_nulls = !wanted.null_values.is_empty()
            && matches!(field.kind, Kind::Utf8 | Kind::ListUtf8 | Kind::Json);
        let as_it_is = if texts_are_nulls {
            None
        } else {
            as_it_is(&array, steps, field.kind)?
        };
        let column = match as_it_is {
            Some(column) => {
                presence.has = true;
                column
            }
            None => {
                let (column, part) = by_value(&array, steps, (at, &field), wanted, notes)?;
                presence.has |= part.has;
                presence.lacks |= part.lacks;
                column
            }
        };
        whole = Some(match whole {
            None => column,
            Some(before) => zip(&is_not_null(&before)?, &before, &column)?,
        });
    }
    let nothing = || new_null_array(&field.kind.data_type(), batch.len());
    Ok((whole.unwrap_or_else(nothing), presence))
}

/// The arrays to which a path leads from a struct, and the steps that are left within each;
/// neighbouring keys of the path may be one name with dots in it. The fewer are, the earlier an
/// array comes.
fn locate<'p>(
    parent: &StructArray,
    path: &'p [Step],
    found: &mut Vec<(ArrayRef, &'p [Step])>,
) -> Result<(), ArrowError> {
    for (name, rest) in names(path) {
        let Some(member) = parent.column_by_name(&name) else {
            continue;
        };
        let array = within(member, parent.nulls())?;
        match (rest.first(), array.data_type()) {
            (Some(Step::Key(_)), DataType::Struct(_)) => locate(array.as_struct(), rest, found)?,
            _ => found.push((array, rest)),
        }
    }
    Ok(())
}

/// The object at a path of which a file has the members one by one, as columns whose names start
/// with it; null in rows that have none of them.
fn members_of(batch: &StructArray, field: &Field) -> Option<ArrayRef> {
    if !field.kind.is_object() && field.kind != Kind::Utf8 {
        return None;
    }
    let start = format!("{}.", Step::show_path(&field.path));
    let (fields, arrays): (Vec<_>, Vec<_>) = batch
        .fields()
        .iter()
        .zip(batch.columns())
        .filter_map(|(member, array)| {
            let name = member.name().strip_prefix(&start)?;
            let member = member.as_ref().clone().with_name(name);
            Some((Arc::new(member.with_nullable(true)), Arc::clone(array)))
        })
        .unzip();
    let some = |row| arrays.iter().any(|array| array.is_valid(row));
    let rows: NullBuffer = (0..batch.len()).map(some).collect();
    let members = StructArray::try_new(fields.into(), arrays, Some(rows)).ok()?;
    (members.num_columns() > 0).then(|| Arc::new(members) as ArrayRef)
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
        [Step::Key(_) | Step::RowKey, ..] => return Ok(None),
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
    (at, field): (usize, &Field),
    wanted: &Wanted,
    notes: &mut Notes,
) -> Result<(ArrayRef, Presence), ArrowError> {
    let view = View::of(array)?;
    let mut request = Request::new(vec![field.clone()], Format::Parquet);
    request.null_values.clone_from(&wanted.null_values);
    let mut columns = Columns::new(&request);
    for row in 0..array.len() {
        put(&mut columns, view.get(row), steps, false);
        let (mistake, odd) = columns.end_cell();
        if let Some((reason, detail)) = mistake {
            let mistakes = notes.mistakes.entry(row).or_default();
            mistakes.note(reason, || detail);
        }
        let odd = odd
            .into_iter()
            .map(|(_, oddity, found)| (row, (at, oddity, found)));
        notes.odd.extend(odd);
    }
    columns.take_only()
}

/// Puts what `steps` lead to from a value into the only column; whether something is there. `each`:
/// below a list, so that values add up.
fn put(columns: &mut Columns, value: Value<'_>, steps: &[Step], each: bool) -> bool {
    match (steps.split_first(), value) {
        (None, Value::Null) => {
            columns.find(0);
            false
        }
        (Some(_), Value::Null) => {
            columns.touch(0);
            false
        }
        // Rows of Parquet have no keys.
        (Some((Step::RowKey, _)), _) => false,
        (None, value) => {
            put_value(columns, value, each);
            true
        }
        (Some((Step::Each, rest)), value) => {
            match value {
                Value::List(members, range) => {
                    columns.open_list(0);
                    if range.is_empty() {
                        columns.touch(0);
                    }
                    for at in range {
                        put(columns, members.get(at), rest, true);
                    }
                }
                Value::Scalar(Scalar::Text(text)) if !each && !rest.is_empty() => {
                    wanted::within_text(&Node::of_path(0, steps), columns, text);
                }
                value => {
                    columns.open_list(0);
                    put(columns, value, rest, true);
                }
            }
            true
        }
        (Some((Step::Key(_), _)), Value::Struct(members, row)) => {
            names(steps).any(|(name, rest)| {
                let member = members.iter().find(|(known, _)| *known == name);
                member.is_some_and(|(_, view)| put(columns, view.get(row), rest, each))
            })
        }
        (Some((Step::Key(_), _)), Value::Map(members, range)) => names(steps).any(|(name, rest)| {
            let is_key = |at: &usize| matches!(members.0.get(*at), Value::Scalar(Scalar::Text(key)) if key == name);
            let at = range.clone().rev().find(is_key);
            at.is_some_and(|at| put(columns, members.1.get(at), rest, each))
        }),
        (Some((Step::Key(_), _)), Value::Scalar(Scalar::Text(text))) if !each => {
            wanted::within_text(&Node::of_path(0, steps), columns, text);
            true
        }
        (Some((Step::Key(_), _)), Value::Scalar(Scalar::Float(value))) if !value.is_finite() => {
            columns.touch(0);
            false
        }
        (Some((Step::Key(_), _)), value) => {
            columns.touch(0);
            if each {
                columns.note_odd(0, Oddity::MemberLeftOut, &value.shown());
            } else {
                columns.refuse_parent(0, "an object", &value.shown());
            }
            true
        }
    }
}

fn put_value(columns: &mut Columns, value: Value<'_>, each: bool) {
    columns.find(0);
    match (columns.kind(0), value) {
        (Kind::ListUtf8, Value::Scalar(Scalar::Text(text))) if each => {
            columns.put(0, 0, Scalar::Text(text));
        }
        (Kind::Json | Kind::Entries | Kind::ListUtf8, Value::Scalar(Scalar::Text(text))) => {
            decode::json_text(columns, 0, text);
        }
        (Kind::Json, Value::Scalar(scalar)) if columns.is_nothing(0, scalar) => {}
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
                    Value::Scalar(scalar) => columns.put_member(0, scalar),
                    other => columns.note_odd(0, Oddity::MemberLeftOut, &other.shown()),
                }
            }
        }
        // As a list of one, whose member cannot be taken.
        (Kind::ListUtf8, value @ (Value::Struct(..) | Value::Map(..))) => {
            columns.open_list(0);
            columns.note_odd(0, Oddity::MemberLeftOut, &value.shown());
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
        (_, Value::Scalar(scalar)) => columns.put(0, 0, scalar),
        (_, other) => columns.refuse(0, Reason::WrongType, &other.shown()),
    }
}

fn put_entry(columns: &mut Columns, key: &str, value: Value<'_>) {
    match value {
        Value::Null => {}
        Value::Scalar(scalar) => members::entry(columns, 0, key, scalar),
        other => columns.refuse(
            0,
            Reason::WrongType,
            &format!("{} among its members", other.shown()),
        ),
    }
}
