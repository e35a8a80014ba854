//! Arrow arrays, value by value, whatever their exact type.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Date32Array, Float64Array, Int64Array,
    StringArray, UInt64Array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt64Type,
};
use arrow::error::ArrowError;

use super::compact;
use super::scalar::{Scalar, days_text, micros_text};

/// An array, ready to be asked for its values.
pub(super) enum View {
    Nothing,
    Bool(BooleanArray),
    Int(Int64Array),
    UInt(UInt64Array),
    Float(Float64Array),
    /// Decimal numbers, as they are spelt.
    Decimal(StringArray),
    Text(StringArray),
    Bytes(BinaryArray),
    Moment(ScalarBuffer<i64>, Option<NullBuffer>, TimeUnit),
    Day(Date32Array),
    List(OffsetBuffer<i32>, Option<NullBuffer>, Box<View>),
    Struct(Option<NullBuffer>, Vec<(String, View)>),
    Map(OffsetBuffer<i32>, Option<NullBuffer>, Box<(View, View)>),
    /// A type that no column takes, by its name.
    Foreign(ArrayRef, String),
}

/// A value in an array.
pub(super) enum Value<'a> {
    Null,
    Scalar(Scalar<'a>),
    List(&'a View, Range<usize>),
    /// The members by name, and the row in each.
    Struct(&'a [(String, View)], usize),
    /// Keys and values, and where in them the members are.
    Map(&'a (View, View), Range<usize>),
}

impl View {
    pub(super) fn of(array: &ArrayRef) -> Result<View, ArrowError> {
        let nulls = array.nulls().cloned();
        Ok(match array.data_type() {
            DataType::Null => View::Nothing,
            DataType::Boolean => View::Bool(array.as_boolean().clone()),
            DataType::Int64 => View::Int(array.as_primitive::<Int64Type>().clone()),
            DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::UInt8
            | DataType::UInt16
            | DataType::UInt32 => View::of(&cast(array, &DataType::Int64)?)?,
            DataType::UInt64 => View::UInt(array.as_primitive::<UInt64Type>().clone()),
            DataType::Float64 => View::Float(array.as_primitive::<Float64Type>().clone()),
            DataType::Float16 | DataType::Float32 => View::of(&cast(array, &DataType::Float64)?)?,
            // Through a double, whole numbers beyond 2^53 would lose digits.
            DataType::Decimal32(..)
            | DataType::Decimal64(..)
            | DataType::Decimal128(..)
            | DataType::Decimal256(..) => {
                View::Decimal(cast(array, &DataType::Utf8)?.as_string().clone())
            }
            DataType::Utf8 => View::Text(array.as_string().clone()),
            DataType::Binary => View::Bytes(array.as_binary().clone()),
            DataType::Date32 => View::Day(array.as_primitive::<Date32Type>().clone()),
            DataType::Timestamp(unit, _) => {
                let values = match unit {
                    TimeUnit::Second => array.as_primitive::<TimestampSecondType>().values(),
                    TimeUnit::Millisecond => {
                        array.as_primitive::<TimestampMillisecondType>().values()
                    }
                    TimeUnit::Microsecond => {
                        array.as_primitive::<TimestampMicrosecondType>().values()
                    }
                    TimeUnit::Nanosecond => {
                        array.as_primitive::<TimestampNanosecondType>().values()
                    }
                };
                View::Moment(values.clone(), nulls, *unit)
            }
            DataType::List(_) => {
                let list = array.as_list::<i32>();
                View::List(
                    list.offsets().clone(),
                    nulls,
                    Box::new(View::of(list.values())?),
                )
            }
            DataType::Struct(fields) => {
                let columns = array
                    .as_struct()
                    .columns()
                    .iter()
                    .map(View::of)
                    .collect::<Result<Vec<_>, _>>()?;
                View::Struct(
                    nulls,
                    fields
                        .iter()
                        .map(|field| field.name().clone())
                        .zip(columns)
                        .collect(),
                )
            }
            DataType::Map(..) => {
                let map = array.as_map();
                let members = (View::of(map.keys())?, View::of(map.values())?);
                View::Map(map.offsets().clone(), nulls, Box::new(members))
            }
            other => View::Foreign(Arc::clone(array), other.to_string()),
        })
    }

    pub(super) fn get(&self, row: usize) -> Value<'_> {
        let null =
            |nulls: &Option<NullBuffer>| nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
        let range = |offsets: &OffsetBuffer<i32>| {
            let at = |index: usize| usize::try_from(offsets[index]).unwrap_or(0);
            at(row)..at(row + 1)
        };
        match self {
            View::Nothing => Value::Null,
            View::Bool(array) if array.is_valid(row) => {
                Value::Scalar(Scalar::Bool(array.value(row)))
            }
            View::Int(array) if array.is_valid(row) => Value::Scalar(Scalar::Int(array.value(row))),
            View::UInt(array) if array.is_valid(row) => {
                Value::Scalar(Scalar::UInt(array.value(row)))
            }
            View::Float(array) if array.is_valid(row) => {
                Value::Scalar(Scalar::Float(array.value(row)))
            }
            View::Decimal(array) if array.is_valid(row) => Value::Scalar(decimal(array.value(row))),
            View::Text(array) if array.is_valid(row) => {
                Value::Scalar(Scalar::Text(array.value(row)))
            }
            View::Bytes(array) if array.is_valid(row) => {
                Value::Scalar(match std::str::from_utf8(array.value(row)) {
                    Ok(text) => Scalar::Text(text),
                    Err(_) => Scalar::Foreign("binary (and not UTF-8)"),
                })
            }
            View::Moment(values, nulls, unit) if !null(nulls) => {
                // What overflows is out of the range of every timestamp column.
                Value::Scalar(Scalar::Micros(micros(values[row], *unit)))
            }
            View::Day(array) if array.is_valid(row) => {
                Value::Scalar(Scalar::Days(array.value(row)))
            }
            View::List(offsets, nulls, members) if !null(nulls) => {
                Value::List(members, range(offsets))
            }
            View::Struct(nulls, members) if !null(nulls) => Value::Struct(members, row),
            View::Map(offsets, nulls, members) if !null(nulls) => {
                Value::Map(members, range(offsets))
            }
            View::Foreign(array, name) if array.is_valid(row) => {
                Value::Scalar(Scalar::Foreign(name))
            }
            _ => Value::Null,
        }
    }
}

/// A decimal number: a whole one as such, however it is scaled.
fn decimal(text: &str) -> Scalar<'static> {
    let whole = match text.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|b| b == b'0') => whole,
        _ => text,
    };
    if let Ok(value) = whole.parse() {
        return Scalar::Int(value);
    }
    if let Ok(value) = whole.parse() {
        return Scalar::UInt(value);
    }
    match text.parse() {
        Ok(value) => Scalar::Float(value),
        Err(_) => Scalar::Foreign("decimal"),
    }
}

/// Microseconds of a moment in another unit, at the ends of the range where they overflow.
pub(super) fn micros(value: i64, unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => value.saturating_mul(1_000_000),
        TimeUnit::Millisecond => value.saturating_mul(1_000),
        TimeUnit::Microsecond => value,
        TimeUnit::Nanosecond => value.div_euclid(1_000),
    }
}

impl Value<'_> {
    /// The value in a message.
    pub(super) fn shown(&self) -> String {
        match self {
            Value::Null => "null".to_owned(),
            Value::Scalar(scalar) => scalar.shown(),
            Value::List(..) => "a list".to_owned(),
            Value::Struct(..) | Value::Map(..) => "an object".to_owned(),
        }
    }

    /// Appends the value as compact JSON. Members of objects that are null are left out, as those
    /// that only other rows have cannot be told from them.
    pub(super) fn write_json(&self, out: &mut Vec<u8>) {
        let comma = |out: &mut Vec<u8>, at: usize, start: usize| {
            if at > start {
                out.push(b',');
            }
        };
        match self {
            Value::Null => out.extend_from_slice(b"null"),
            Value::Scalar(scalar) => match scalar {
                Scalar::Bool(value) => compact::write(out, value),
                Scalar::Int(value) => compact::write(out, value),
                Scalar::UInt(value) => compact::write(out, value),
                // What is not finite comes out as null.
                Scalar::Float(value) => compact::write(out, value),
                Scalar::Text(text) => compact::write(out, *text),
                Scalar::Micros(value) => compact::write(out, micros_text(*value).as_str()),
                Scalar::Days(value) => compact::write(out, days_text(*value).as_str()),
                Scalar::Foreign(name) => compact::write(out, *name),
            },
            Value::List(members, range) => {
                out.push(b'[');
                for at in range.clone() {
                    comma(out, at, range.start);
                    members.get(at).write_json(out);
                }
                out.push(b']');
            }
            Value::Struct(members, row) => {
                out.push(b'{');
                let start = out.len();
                for (name, view) in *members {
                    let value = view.get(*row);
                    if !matches!(value, Value::Null) {
                        comma(out, out.len(), start);
                        compact::write(out, name.as_str());
                        out.push(b':');
                        value.write_json(out);
                    }
                }
                out.push(b'}');
            }
            Value::Map(members, range) => {
                out.push(b'{');
                for at in range.clone() {
                    comma(out, at, range.start);
                    match members.0.get(at) {
                        Value::Scalar(Scalar::Text(key)) => compact::write(out, key),
                        key => {
                            let mut text = Vec::new();
                            key.write_json(&mut text);
                            compact::write(out, String::from_utf8_lossy(&text).as_ref());
                        }
                    }
                    out.push(b':');
                    members.1.get(at).write_json(out);
                }
                out.push(b'}');
            }
        }
    }
}
