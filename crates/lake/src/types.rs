//! Which types a file may have, and how rows are brought into them.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Field, FieldRef, Fields, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType,
};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::error::{Error, Result};

/// What contracts and manifests call a type: `utf8`, `int64`, `float64`, `boolean`, `date32`,
/// `timestamp` (microseconds, UTC) or `list<utf8>`. `None` if no file may have it.
pub fn type_name(data_type: &DataType) -> Option<&'static str> {
    Some(match data_type {
        DataType::Utf8 => "utf8",
        DataType::Int64 => "int64",
        DataType::Float64 => "float64",
        DataType::Boolean => "boolean",
        DataType::Date32 => "date32",
        DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) if is_utc(zone) => "timestamp",
        DataType::List(item) if item.data_type() == &DataType::Utf8 => "list<utf8>",
        _ => return None,
    })
}

fn is_utc(zone: &str) -> bool {
    matches!(zone, "UTC" | "+00:00" | "Z" | "Etc/UTC")
}

fn utc() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

fn list_of_utf8() -> DataType {
    // The name that the Parquet specification gives to the members of a list.
    DataType::List(Arc::new(Field::new("element", DataType::Utf8, true)))
}

/// The schema as a file has it: one spelling for each type, no metadata of fields.
pub(crate) fn file_schema(schema: &Schema) -> Result<SchemaRef> {
    let fields = schema.fields().iter().map(|field| {
        let data_type = match type_name(field.data_type()) {
            Some("timestamp") => utc(),
            Some("list<utf8>") => list_of_utf8(),
            Some(_) => field.data_type().clone(),
            None => {
                return Err(Error::Type {
                    column: field.name().clone(),
                    found: field.data_type().clone(),
                });
            }
        };
        Ok(Field::new(field.name(), data_type, field.is_nullable()))
    });
    Ok(Arc::new(Schema::new(fields.collect::<Result<Fields>>()?)))
}

/// The batch with the schema of its file. `rows_before` counts the rows of earlier batches.
pub(crate) fn conform(
    batch: &RecordBatch,
    schema: &SchemaRef,
    rows_before: u64,
) -> Result<RecordBatch> {
    let found = batch.schema_ref().fields();
    let fits = found.len() == schema.fields().len()
        && found.iter().zip(schema.fields()).all(|(found, expected)| {
            found.name() == expected.name()
                && type_name(found.data_type()) == type_name(expected.data_type())
        });
    if !fits {
        return Err(Error::Columns {
            expected: describe(schema.fields()),
            found: describe(found),
        });
    }
    let columns = batch.columns().iter().zip(schema.fields());
    let columns = columns.map(|(column, field)| {
        if !field.is_nullable()
            && let Some(nulls) = column.nulls().filter(|nulls| nulls.null_count() > 0)
        {
            let first = nulls.iter().position(|valid| !valid).unwrap_or(0);
            return Err(Error::Null {
                column: field.name().clone(),
                row: rows_before + first as u64 + 1,
            });
        }
        Ok(respell(column, field)?)
    });
    Ok(RecordBatch::try_new(
        Arc::clone(schema),
        columns.collect::<Result<_>>()?,
    )?)
}

/// The same values under the spelling of the type that the file uses.
fn respell(column: &ArrayRef, field: &FieldRef) -> Result<ArrayRef, ArrowError> {
    if column.data_type() == field.data_type() {
        return Ok(Arc::clone(column));
    }
    Ok(match field.data_type() {
        DataType::List(item) => {
            let (_, offsets, values, nulls) = column.as_list::<i32>().clone().into_parts();
            Arc::new(ListArray::try_new(
                Arc::clone(item),
                offsets,
                values,
                nulls,
            )?)
        }
        DataType::Timestamp(_, Some(zone)) => Arc::new(
            column
                .as_primitive::<TimestampMicrosecondType>()
                .clone()
                .with_timezone(Arc::clone(zone)),
        ),
        _ => Arc::clone(column),
    })
}

fn describe(fields: &Fields) -> String {
    let columns = fields
        .iter()
        .map(|field| match type_name(field.data_type()) {
            Some(name) => format!("{} {name}", field.name()),
            None => format!("{} {}", field.name(), field.data_type()),
        });
    columns.collect::<Vec<_>>().join(", ")
}

/// The batch with every column in the nearest type that a file may have: whatever a query gives
/// can be kept for a person to look at. Text stands in where no other type fits.
///
/// # Errors
/// [`Error::Arrow`] if a column can be neither converted nor printed.
pub fn plain(batch: &RecordBatch) -> Result<RecordBatch> {
    let mut fields = Vec::with_capacity(batch.num_columns());
    let mut columns = Vec::with_capacity(batch.num_columns());
    for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        let column = plain_column(column)?;
        // Names may repeat in the result of a query, and may not in a file.
        let mut name = field.name().clone();
        while fields.iter().any(|field: &Field| *field.name() == name) {
            name.push('_');
        }
        fields.push(Field::new(name, column.data_type().clone(), true));
        columns.push(column);
    }
    Ok(RecordBatch::try_new(
        Arc::new(Schema::new(fields)),
        columns,
    )?)
}

fn plain_column(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    use DataType as T;
    let to = match column.data_type() {
        plain if type_name(plain).is_some() => return Ok(Arc::clone(column)),
        T::Int8 | T::Int16 | T::Int32 | T::UInt8 | T::UInt16 | T::UInt32 => T::Int64,
        T::Float16 | T::Float32 => T::Float64,
        T::Date64 => T::Date32,
        T::Utf8View | T::LargeUtf8 => T::Utf8,
        T::Dictionary(_, values) => {
            let unpacked = cast(column, values)?;
            return plain_column(&unpacked);
        }
        T::Timestamp(_, None) => {
            let micros = cast(column, &T::Timestamp(TimeUnit::Microsecond, None))?;
            let micros = micros.as_primitive::<TimestampMicrosecondType>().clone();
            return Ok(Arc::new(micros.with_timezone("UTC")));
        }
        T::Timestamp(_, Some(_)) => utc(),
        T::List(item) | T::LargeList(item) | T::FixedSizeList(item, _)
            if matches!(item.data_type(), T::Utf8 | T::Utf8View | T::LargeUtf8) =>
        {
            list_of_utf8()
        }
        // Wider than a signed integer: as such if it fits, or else as text.
        T::UInt64 => match cast(column, &T::Int64) {
            Ok(signed) if signed.null_count() == column.null_count() => return Ok(signed),
            _ => T::Utf8,
        },
        _ => return printed(column),
    };
    cast(column, &to)
}

fn printed(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let options = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(column.as_ref(), &options)?;
    let texts = (0..column.len()).map(|row| {
        column
            .is_valid(row)
            .then(|| formatter.value(row).try_to_string())
            .transpose()
    });
    let texts: Vec<Option<String>> = texts.collect::<Result<_, _>>()?;
    Ok(Arc::new(StringArray::from(texts)))
}

#[cfg(test)]
mod tests {
    use arrow::array::{
        Int64Array, ListBuilder, StringBuilder, StructArray, TimestampSecondArray, UInt64Array,
    };

    use super::*;

    #[test]
    fn seven_types_and_no_other() {
        let item = |data_type| Arc::new(Field::new("item", data_type, true));
        for (data_type, name) in [
            (DataType::Utf8, "utf8"),
            (DataType::Int64, "int64"),
            (DataType::Float64, "float64"),
            (DataType::Boolean, "boolean"),
            (DataType::Date32, "date32"),
            (utc(), "timestamp"),
            (DataType::List(item(DataType::Utf8)), "list<utf8>"),
        ] {
            assert_eq!(type_name(&data_type), Some(name));
        }
        for data_type in [
            DataType::Utf8View,
            DataType::LargeUtf8,
            DataType::Int32,
            DataType::UInt64,
            DataType::Float32,
            DataType::Date64,
            DataType::Timestamp(TimeUnit::Microsecond, None),
            DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
            DataType::Timestamp(TimeUnit::Microsecond, Some("+02:00".into())),
            DataType::List(item(DataType::Int64)),
            DataType::LargeList(item(DataType::Utf8)),
            DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
            DataType::Null,
        ] {
            assert_eq!(type_name(&data_type), None, "{data_type}");
            let schema = Schema::new(vec![Field::new("x", data_type, true)]);
            let error = file_schema(&schema).unwrap_err().to_string();
            assert!(error.starts_with("column `x` has type "), "{error}");
        }
    }

    #[test]
    fn a_null_where_none_may_be_is_told_with_its_row() {
        let schema = |nullable| {
            Arc::new(Schema::new(vec![Field::new(
                "likes",
                DataType::Int64,
                nullable,
            )]))
        };
        let likes = Int64Array::from(vec![Some(1), Some(2), None, None]);
        let batch = RecordBatch::try_new(schema(true), vec![Arc::new(likes)]).unwrap();
        let error = conform(&batch, &schema(false), 100).unwrap_err();
        assert_eq!(
            error.to_string(),
            "column `likes` is null in row 103, and its contract does not allow that"
        );
        // A mask without nulls is no null.
        assert!(conform(&batch.slice(0, 2), &schema(false), 0).is_ok());
    }

    #[test]
    fn a_batch_with_other_columns_is_refused() {
        let a = RecordBatch::try_from_iter([("a", Arc::new(Int64Array::from(vec![1])) as _)]);
        let schema = Arc::new(Schema::new(vec![Field::new("b", DataType::Utf8, true)]));
        assert_eq!(
            conform(&a.unwrap(), &schema, 0).unwrap_err().to_string(),
            "a batch does not fit its file: expected b utf8, found a int64"
        );
    }

    #[test]
    fn whatever_a_query_gives_becomes_plain() {
        let mut lists = ListBuilder::new(StringBuilder::new());
        lists.append_value([Some("x"), None]);
        lists.append_null();
        let structs = StructArray::from(vec![(
            Arc::new(Field::new("k", DataType::Int64, true)),
            Arc::new(Int64Array::from(vec![1, 2])) as ArrayRef,
        )]);
        let batch = RecordBatch::try_from_iter_with_nullable([
            (
                "n",
                Arc::new(UInt64Array::from(vec![1, 2])) as ArrayRef,
                true,
            ),
            ("big", Arc::new(UInt64Array::from(vec![1, u64::MAX])), true),
            ("at", Arc::new(TimestampSecondArray::from(vec![0, 1])), true),
            ("tags", Arc::new(lists.finish()), true),
            ("s", Arc::new(structs), true),
            ("n", Arc::new(Int64Array::from(vec![3, 4])), true),
        ])
        .unwrap();
        let plain = plain(&batch).unwrap();
        let schema = plain.schema();
        let described = describe(schema.fields());
        assert_eq!(
            described,
            "n int64, big utf8, at timestamp, tags list<utf8>, s utf8, n_ int64"
        );
        assert_eq!(
            plain.column(1).as_string::<i32>().value(1),
            "18446744073709551615"
        );
        let at = plain.column(2).as_primitive::<TimestampMicrosecondType>();
        assert_eq!(at.value(1), 1_000_000);
        assert_eq!(plain.column(4).as_string::<i32>().value(1), "{k: 2}");
        assert!(file_schema(&schema).is_ok());
    }
}
