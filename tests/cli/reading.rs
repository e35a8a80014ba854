//! Parquet files, read with nothing of the program's own.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::Int64Type;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// A file's rows.
pub(crate) fn batch(path: &Path) -> RecordBatch {
    let file = File::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let schema = Arc::clone(builder.schema());
    let batches: Vec<RecordBatch> = builder.build().unwrap().map(Result::unwrap).collect();
    concat_batches(&schema, &batches).unwrap()
}

/// What a file says of itself, by key.
pub(crate) fn metadata(path: &Path) -> BTreeMap<String, String> {
    let file = File::open(path).unwrap();
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let found = builder.metadata().file_metadata().key_value_metadata();
    found
        .into_iter()
        .flatten()
        .map(|entry| (entry.key.clone(), entry.value.clone().unwrap_or_default()))
        .collect()
}

/// A column of integers; nulls are left out.
pub(crate) fn ints(path: &Path, column: &str) -> Vec<i64> {
    let batch = batch(path);
    let column = batch.column_by_name(column).unwrap();
    column
        .as_primitive::<Int64Type>()
        .iter()
        .flatten()
        .collect()
}

/// A column of text; nulls are empty.
pub(crate) fn texts(path: &Path, column: &str) -> Vec<String> {
    let batch = batch(path);
    let column = batch.column_by_name(column).unwrap().as_string::<i32>();
    (0..column.len())
        .map(|row| {
            if column.is_null(row) {
                String::new()
            } else {
                column.value(row).to_owned()
            }
        })
        .collect()
}

/// A row set aside.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rejected {
    pub(crate) file: String,
    pub(crate) row: i64,
    pub(crate) reason: String,
    pub(crate) content: String,
}

/// The rows that were set aside of a partition.
pub(crate) fn rejected(path: &Path) -> Vec<Rejected> {
    let (files, rows) = (texts(path, "file"), ints(path, "row"));
    let (reasons, contents) = (texts(path, "reason"), texts(path, "content"));
    files
        .into_iter()
        .zip(rows)
        .zip(reasons.into_iter().zip(contents))
        .map(|((file, row), (reason, content))| Rejected {
            file,
            row,
            reason,
            content,
        })
        .collect()
}
