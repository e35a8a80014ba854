//! The columns that a source's file is read into.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::scalar::ScalarValue;
use hubcensus_hub::read;
use hubcensus_spec::{Format, PathStep, RawType, Source};

use crate::query::sql::ROW;

/// The columns as declared, all of them nullable.
pub(crate) fn of_source(source: &Source) -> SchemaRef {
    let fields: Vec<Field> = source
        .columns
        .iter()
        .map(|column| {
            Field::new(
                column.name.as_str(),
                kind(column.data_type).data_type(),
                true,
            )
        })
        .collect();
    Arc::new(Schema::new(fields))
}

/// The columns as they are read: the declared ones and the row's place.
pub(crate) fn with_row(schema: &SchemaRef) -> SchemaRef {
    let mut fields: Vec<Arc<Field>> = schema.fields().iter().map(Arc::clone).collect();
    fields.push(Arc::new(Field::new(ROW, DataType::Int64, false)));
    Arc::new(Schema::new(fields))
}

/// The columns of an ingest table that have the same value in all rows of a
/// source, where its query does not give them.
pub(crate) const STATED: [&str; 3] = ["source", "coverage", "part"];

/// The values of these columns, as the source's entry states them.
pub(crate) fn stated(source: &Source) -> BTreeMap<&'static str, ScalarValue> {
    let values = [
        Some(source.name.value.clone()),
        Some(source.coverage.to_string()),
        source.part.clone(),
    ];
    let values = values.into_iter().map(ScalarValue::Utf8);
    STATED.into_iter().zip(values).collect()
}

/// What the reader is asked for.
pub(crate) fn request(source: &Source) -> read::Request {
    let mut request = read::Request::new(fields(source), format(source));
    request.null_values.clone_from(&source.null_values);
    // Its entry takes ASCII characters only.
    let delimiter = u8::try_from(source.csv.delimiter).unwrap_or(b',');
    request.csv = read::Csv {
        delimiter,
        decimal_comma: source.csv.decimal_comma,
        final_newline: source.csv.final_newline,
    };
    request
}

fn format(source: &Source) -> read::Format {
    match source.format {
        Format::Parquet => read::Format::Parquet,
        Format::Ndjson => read::Format::Ndjson,
        Format::Json => read::Format::Json {
            rows: source.rows.clone(),
            keyed: source.keyed,
        },
        Format::Csv => read::Format::Csv,
    }
}

fn fields(source: &Source) -> Vec<read::Field> {
    source
        .columns
        .iter()
        .map(|column| read::Field {
            name: column.name.value.clone(),
            path: column
                .path
                .iter()
                .map(|step| match step {
                    PathStep::Key(key) => read::Step::Key(key.clone()),
                    PathStep::Each => read::Step::Each,
                    PathStep::RowKey => read::Step::RowKey,
                })
                .collect(),
            kind: kind(column.data_type),
        })
        .collect()
}

/// The reader's kind of value for a contract's type.
pub(crate) fn column_kind(column: hubcensus_spec::ColumnType) -> read::Kind {
    use hubcensus_spec::ColumnType;
    match column {
        ColumnType::Utf8 => read::Kind::Utf8,
        ColumnType::Int64 => read::Kind::Int64,
        ColumnType::Float64 => read::Kind::Float64,
        ColumnType::Boolean => read::Kind::Boolean,
        ColumnType::Date32 => read::Kind::Date32,
        ColumnType::Timestamp => read::Kind::Timestamp,
        ColumnType::ListUtf8 => read::Kind::ListUtf8,
    }
}

fn kind(raw: RawType) -> read::Kind {
    match raw {
        RawType::Utf8 => read::Kind::Utf8,
        RawType::Int64 => read::Kind::Int64,
        RawType::Float64 => read::Kind::Float64,
        RawType::Boolean => read::Kind::Boolean,
        RawType::Date32 => read::Kind::Date32,
        RawType::Timestamp => read::Kind::Timestamp,
        RawType::ListUtf8 => read::Kind::ListUtf8,
        RawType::Entries => read::Kind::Entries,
        RawType::Json => read::Kind::Json,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What limits may be given for is what the reader sets rows aside for.
    #[test]
    fn the_readers_reasons_are_known() {
        let reasons = read::Reason::ALL.map(read::Reason::as_str);
        assert_eq!(reasons, hubcensus_spec::READER_REASONS);
    }
}
