//! Rows of a table, as far as a chart needs them.

use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, BooleanArray, RecordBatch};
use arrow::compute::{concat_batches, filter_record_batch};
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type, SchemaRef};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use bytes::Bytes;
use hubcensus_spec::{Scalar, SnapshotDate};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// Rows that a chart is drawn of.
#[derive(Debug)]
pub(crate) struct Rows {
    /// All columns of the table.
    pub(crate) batch: RecordBatch,
    /// To what the rows are limited: the columns and their values, as they are written.
    pub(crate) limits: Vec<(String, String)>,
}

/// The rows of a Parquet file with given values. Where there are several for a column, those of the
/// first that has a row with the measure.
pub(crate) fn read(
    file: Bytes,
    columns: &[&str],
    filters: &[(String, Vec<Scalar>)],
    measure: &str,
) -> Result<Rows, String> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| e.to_string())?;
    let schema: SchemaRef = Arc::clone(reader.schema());
    let filtered = filters.iter().map(|(column, _)| column.as_str());
    for column in columns.iter().copied().chain([measure]).chain(filtered) {
        if schema.index_of(column).is_err() {
            return Err(format!(
                "it was made before the table had the column `{column}`"
            ));
        }
    }
    let mut kept = Vec::new();
    for batch in reader.build().map_err(|error| error.to_string())? {
        let mut batch = batch.map_err(|error| error.to_string())?;
        for (column, values) in filters {
            batch = only(&batch, column, values).map_err(|error| error.to_string())?;
        }
        if batch.num_rows() > 0 {
            kept.push(batch);
        }
    }
    let mut batch = concat_batches(&schema, &kept).map_err(|error| error.to_string())?;
    let mut limits = Vec::new();
    for (column, values) in filters {
        let (chosen, rows) = first_of(&batch, column, values, measure);
        limits.push((column.clone(), chosen));
        batch = rows.map_err(|error| error.to_string())?;
    }
    Ok(Rows { batch, limits })
}

/// The rows with one of the values.
fn only(batch: &RecordBatch, column: &str, values: &[Scalar]) -> Result<RecordBatch, ArrowError> {
    let Some(array) = batch.column_by_name(column) else {
        return Ok(batch.slice(0, 0));
    };
    let mask: BooleanArray = (0..batch.num_rows())
        .map(|row| Some(values.iter().any(|value| is(array, row, value))))
        .collect();
    filter_record_batch(batch, &mask)
}

/// The rows with the first of the values that has the measure; with the first, if none has.
fn first_of(
    batch: &RecordBatch,
    column: &str,
    values: &[Scalar],
    measure: &str,
) -> (String, Result<RecordBatch, ArrowError>) {
    let mut fallback = None;
    for value in values {
        let rows = only(batch, column, std::slice::from_ref(value));
        let has = rows.as_ref().is_ok_and(|rows| {
            rows.column_by_name(measure)
                .is_some_and(|measure| measure.null_count() < measure.len())
        });
        if has {
            return (written(value), rows);
        }
        fallback.get_or_insert((written(value), rows));
    }
    fallback.unwrap_or_else(|| (String::new(), Ok(batch.clone())))
}

fn is(array: &ArrayRef, row: usize, value: &Scalar) -> bool {
    if array.is_null(row) {
        return false;
    }
    match value {
        Scalar::Utf8(text) => array
            .as_string_opt::<i32>()
            .is_some_and(|texts| texts.value(row) == text),
        Scalar::Int64(number) => array
            .as_primitive_opt::<Int64Type>()
            .is_some_and(|numbers| numbers.value(row) == *number),
        Scalar::Boolean(truth) => array
            .as_boolean_opt()
            .is_some_and(|truths| truths.value(row) == *truth),
        Scalar::Date32(date) => array
            .as_primitive_opt::<Date32Type>()
            .is_some_and(|dates| dates.value(row) == date.days_since_epoch()),
        Scalar::Float64(_) | Scalar::Timestamp(_) | Scalar::ListUtf8(_) => false,
    }
}

fn written(value: &Scalar) -> String {
    match value {
        Scalar::Utf8(text) => text.clone(),
        Scalar::Int64(number) => number.to_string(),
        Scalar::Boolean(truth) => truth.to_string(),
        Scalar::Date32(date) => date.to_string(),
        Scalar::Float64(number) => number.to_string(),
        Scalar::Timestamp(moment) => moment.to_string(),
        Scalar::ListUtf8(texts) => texts.join(", "),
    }
}

/// A column's values as texts.
pub(crate) fn texts(batch: &RecordBatch, column: &str) -> Vec<Option<String>> {
    let nothing = || vec![None; batch.num_rows()];
    let Some(array) = batch.column_by_name(column) else {
        return nothing();
    };
    let options = FormatOptions::new();
    let Ok(formatter) = ArrayFormatter::try_new(array, &options) else {
        return nothing();
    };
    (0..array.len())
        .map(|row| {
            array
                .is_valid(row)
                .then(|| formatter.value(row).to_string())
        })
        .collect()
}

/// A column's values as numbers.
pub(crate) fn numbers(batch: &RecordBatch, column: &str) -> Vec<Option<f64>> {
    let nothing = || vec![None; batch.num_rows()];
    let Some(array) = batch.column_by_name(column) else {
        return nothing();
    };
    match array.data_type() {
        DataType::Int64 => {
            #[expect(clippy::cast_precision_loss, reason = "it is drawn, not counted with")]
            let float = |number: i64| number as f64;
            let numbers = array.as_primitive::<Int64Type>().iter();
            numbers.map(|number| number.map(float)).collect()
        }
        DataType::Float64 => {
            let numbers = array.as_primitive::<Float64Type>().iter();
            numbers
                .map(|number| number.filter(|number| number.is_finite()))
                .collect()
        }
        _ => nothing(),
    }
}

/// A date of a table of one row for each thing.
pub(crate) fn date(batch: &RecordBatch, column: &str, row: usize) -> Option<SnapshotDate> {
    let dates = batch.column_by_name(column)?;
    let dates = dates.as_primitive_opt::<Date32Type>()?;
    let days = dates.is_valid(row).then(|| dates.value(row))?;
    SnapshotDate::from_days_since_epoch(days)
}

/// All rows of a Parquet file.
pub(crate) fn whole(file: Bytes) -> Option<RecordBatch> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).ok()?;
    let schema = Arc::clone(reader.schema());
    let batches = reader.build().ok()?.collect::<Result<Vec<_>, _>>().ok()?;
    concat_batches(&schema, &batches).ok()
}
