//! The rows of a figure, for those who want to go on with them.

use arrow::array::{Array as _, RecordBatch};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use hubcensus_spec::RESERVED_COLUMNS;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

/// How many rows are given away with a figure; the lake has them all.
pub(crate) const MOST: usize = 1_000;

/// Names the way of encoding.
const CREATED_BY: &str = "hubcensus report version 1";

/// The first rows, with the columns of the table's contract.
pub(crate) fn bounded(batch: &RecordBatch) -> RecordBatch {
    let rows = batch.slice(0, batch.num_rows().min(MOST));
    let fields = batch.schema();
    let fields = fields.fields().iter().enumerate();
    let own = fields.filter(|(_, field)| !RESERVED_COLUMNS.contains(&field.name().as_str()));
    let own: Vec<usize> = own.map(|(at, _)| at).collect();
    rows.project(&own).unwrap_or(rows)
}

/// The rows as CSV with a header; a null is an empty field.
pub(crate) fn csv(batch: &RecordBatch) -> Result<Vec<u8>, String> {
    let options = FormatOptions::new();
    let columns = batch
        .columns()
        .iter()
        .map(|column| ArrayFormatter::try_new(column, &options))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| error.to_string())?;
    let mut writer = csv::Writer::from_writer(Vec::new());
    let schema = batch.schema();
    let header = schema.fields().iter().map(|field| field.name());
    writer
        .write_record(header)
        .map_err(|error| error.to_string())?;
    for row in 0..batch.num_rows() {
        let cells = batch.columns().iter().zip(&columns).map(|(array, column)| {
            if array.is_null(row) {
                String::new()
            } else {
                column.value(row).to_string()
            }
        });
        writer
            .write_record(cells)
            .map_err(|error| error.to_string())?;
    }
    writer.into_inner().map_err(|error| error.to_string())
}

/// The rows as Parquet.
pub(crate) fn parquet(batch: &RecordBatch) -> Result<Vec<u8>, String> {
    let level = ZstdLevel::try_new(3).map_err(|error| error.to_string())?;
    let properties = WriterProperties::builder()
        .set_created_by(CREATED_BY.to_owned())
        .set_compression(Compression::ZSTD(level))
        .build();
    let writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties));
    let mut writer = writer.map_err(|error| error.to_string())?;
    writer.write(batch).map_err(|error| error.to_string())?;
    writer.into_inner().map_err(|error| error.to_string())
}
