//! The columns that a source's file is read into.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use hubcensus_hub::read;
use hubcensus_spec::{PathStep, RawType, Source};

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

/// What the reader is asked for.
pub(crate) fn fields(source: &Source) -> Vec<read::Field> {
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
