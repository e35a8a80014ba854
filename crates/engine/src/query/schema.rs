//! From a contract's types to Arrow's.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use hubcensus_spec::{ColumnType, Contract};

/// The column that every partition file carries beside its contract: the
/// snapshot's date, for readers that lose the path.
pub(crate) const OBSERVED_DATE: &str = "observed_date";

/// The column that tells the partitions of a table apart where a query reads
/// several of them.
pub(crate) const SNAPSHOT_DATE: &str = "snapshot_date";

/// The time zone of every timestamp.
pub(crate) const UTC: &str = "UTC";

/// The Arrow type of a contract's type.
pub(crate) fn data_type(column: ColumnType) -> DataType {
    match column {
        ColumnType::Utf8 => DataType::Utf8,
        ColumnType::Int64 => DataType::Int64,
        ColumnType::Float64 => DataType::Float64,
        ColumnType::Boolean => DataType::Boolean,
        ColumnType::Date32 => DataType::Date32,
        ColumnType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from(UTC))),
        ColumnType::ListUtf8 => {
            DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)))
        }
    }
}

/// The columns of a contract, in its order.
pub(crate) fn of_contract(contract: &Contract) -> SchemaRef {
    Arc::new(Schema::new(fields(contract)))
}

/// The columns of a partition file: the contract's, then `observed_date`.
pub(crate) fn of_file(contract: &Contract) -> SchemaRef {
    let mut fields = fields(contract);
    fields.push(Field::new(OBSERVED_DATE, DataType::Date32, false));
    Arc::new(Schema::new(fields))
}

fn fields(contract: &Contract) -> Vec<Field> {
    contract
        .columns
        .iter()
        .map(|column| {
            Field::new(
                column.name.as_str(),
                data_type(column.data_type),
                column.nullable,
            )
        })
        .collect()
}

/// Whether a query's column of type `from` may fill a contract's column of
/// type `to`: the same type, or a wider or narrower spelling of it that loses
/// nothing silently (an overflow is an error when it runs).
pub(crate) fn fits(from: &DataType, to: &DataType) -> bool {
    if from == to {
        return true;
    }
    match (from, to) {
        (DataType::Null, _) => true,
        (DataType::Dictionary(_, value), _) => fits(value, to),
        (DataType::Utf8View | DataType::LargeUtf8, DataType::Utf8) => true,
        (from, DataType::Int64) => from.is_integer(),
        (DataType::Float32 | DataType::Float16, DataType::Float64) => true,
        (DataType::Timestamp(_, _), DataType::Timestamp(_, _)) => true,
        (
            DataType::List(from) | DataType::LargeList(from) | DataType::ListView(from),
            DataType::List(to),
        ) => fits(from.data_type(), to.data_type()),
        _ => false,
    }
}

/// A type in the words of a contract.
pub(crate) fn in_words(data_type: &DataType) -> String {
    match data_type {
        DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 => "utf8".into(),
        DataType::Int64 => "int64".into(),
        DataType::Float64 => "float64".into(),
        DataType::Boolean => "boolean".into(),
        DataType::Date32 => "date32".into(),
        DataType::Timestamp(_, _) => "timestamp".into(),
        DataType::List(field) => format!("list<{}>", in_words(field.data_type())),
        other => other.to_string().to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_fits_a_float_does_not() {
        assert!(fits(&DataType::UInt64, &DataType::Int64));
        assert!(!fits(&DataType::Float64, &DataType::Int64));
        assert!(!fits(&DataType::Int64, &DataType::Float64));
        assert!(fits(&DataType::Utf8View, &DataType::Utf8));
        assert!(!fits(&DataType::Utf8, &DataType::Date32));
    }
}
