//! A file of an earlier date with the columns that its table has now.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use arrow::error::ArrowError;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use crate::record::Column;

/// As lakes have it.
const ROW_GROUP_ROWS: usize = 1_048_576;
/// Names the way of encoding.
const CREATED_BY: &str = "hubcensus version 1";

/// Writes a Parquet file again with the given columns: those that it lacks are null in all rows. Its
/// metadata stays. The same file gives the same bytes.
pub(crate) fn widen(file: Bytes, columns: &[Column]) -> Result<Vec<u8>, ParquetError> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)?;
    let found = Arc::clone(reader.schema());
    let metadata = Arc::clone(reader.metadata());
    let fields = columns.iter().map(|column| {
        let lacks = found.field_with_name(&column.name).is_err();
        let data_type = data_type(&column.type_name).ok_or_else(|| {
            ParquetError::General(format!("no column has type `{}`", column.type_name))
        })?;
        Ok(Field::new(
            &column.name,
            data_type,
            column.nullable || lacks,
        ))
    });
    let schema = Arc::new(Schema::new(
        fields.collect::<Result<Vec<_>, ParquetError>>()?,
    ));
    let sorted: Option<Vec<SortingColumn>> = metadata.row_groups().first().and_then(|group| {
        let columns = group.sorting_columns()?.iter();
        let at = |old: &SortingColumn| {
            let name = found
                .fields()
                .get(usize::try_from(old.column_idx).ok()?)?
                .name();
            let column_idx = i32::try_from(schema.index_of(name).ok()?).ok()?;
            Some(SortingColumn { column_idx, ..*old })
        };
        columns.map(at).collect()
    });
    let said = metadata.file_metadata().key_value_metadata().cloned();
    let properties = WriterProperties::builder()
        .set_created_by(CREATED_BY.to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_key_value_metadata(said)
        .set_sorting_columns(sorted)
        .build();
    let options = ArrowWriterOptions::new()
        .with_properties(properties)
        .with_skip_arrow_metadata(true);
    let mut writer = ArrowWriter::try_new_with_options(Vec::new(), Arc::clone(&schema), options)?;
    for batch in reader.build()? {
        let batch = batch?;
        let columns =
            schema
                .fields()
                .iter()
                .map(|field| match batch.column_by_name(field.name()) {
                    Some(values) if values.data_type() == field.data_type() => {
                        Ok(Arc::clone(values))
                    }
                    Some(values) => cast(values, field.data_type()),
                    None => Ok(new_null_array(field.data_type(), batch.num_rows())),
                });
        let columns = columns.collect::<Result<Vec<ArrayRef>, ArrowError>>()?;
        writer.write(&RecordBatch::try_new(Arc::clone(&schema), columns)?)?;
    }
    writer.into_inner()
}

fn data_type(type_name: &str) -> Option<DataType> {
    Some(match type_name {
        "utf8" => DataType::Utf8,
        "int64" => DataType::Int64,
        "float64" => DataType::Float64,
        "boolean" => DataType::Boolean,
        "date32" => DataType::Date32,
        "timestamp" => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        "list<utf8>" => DataType::List(Arc::new(Field::new("element", DataType::Utf8, true))),
        _ => return None,
    })
}
