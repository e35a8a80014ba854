//! Parquet and CSV files as tables.

use std::fs::File;
use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{
    DataType, Date32Type, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType,
};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::rows::{Table, Value};

/// All rows of a Parquet file.
pub(crate) fn parquet(path: &Path, name: &str) -> Table {
    let file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let mut table = Table::new(name, "", "");
    table.columns = reader
        .schema()
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    for batch in reader.build().unwrap() {
        let batch = batch.unwrap();
        for row in 0..batch.num_rows() {
            let values = batch.columns().iter().map(|column| value(column, row));
            table.push(values.collect());
        }
    }
    table
}

fn value(column: &ArrayRef, row: usize) -> Value {
    if column.is_null(row) {
        return Value::Null;
    }
    match column.data_type() {
        DataType::Boolean => Value::Bool(column.as_boolean().value(row)),
        DataType::Int64 => Value::Int(column.as_primitive::<Int64Type>().value(row)),
        DataType::Float64 => Value::Float(column.as_primitive::<Float64Type>().value(row)),
        DataType::Date32 => Value::Date(column.as_primitive::<Date32Type>().value(row)),
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            Value::Time(column.as_primitive::<TimestampMicrosecondType>().value(row))
        }
        DataType::Utf8 => Value::Text(column.as_string::<i32>().value(row).to_owned()),
        DataType::List(_) => {
            let items = column.as_list::<i32>().value(row);
            let texts = items.as_string::<i32>().iter();
            Value::List(texts.map(|text| text.unwrap().to_owned()).collect())
        }
        other => panic!("{other} is not read here"),
    }
}

/// All rows of a CSV file, every value a text, null where there is none.
pub(crate) fn csv(path: &Path) -> Table {
    let mut reader =
        csv::Reader::from_path(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut table = Table::new(&path.to_string_lossy(), "", "");
    table.columns = reader
        .headers()
        .unwrap()
        .iter()
        .map(str::to_owned)
        .collect();
    for record in reader.records() {
        let record = record.unwrap();
        let values = record.iter().map(|text| match text {
            "" => Value::Null,
            text => Value::from(text),
        });
        table.push(values.collect());
    }
    table
}
