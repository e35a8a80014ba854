//! The parameters of queries, as typed SQL.

use std::collections::BTreeMap;

use hubcensus_spec::{Parameter, Scalar, SnapshotDate};

/// The parameter that every query has: the date of the snapshot.
pub(crate) const DATE_PARAMETER: &str = "snapshot_date";

/// The values of a job's parameters as typed SQL, the snapshot's date included.
pub(crate) fn parameters(
    declared: &[Parameter],
    date: Option<SnapshotDate>,
) -> BTreeMap<String, String> {
    let mut values: BTreeMap<String, String> = declared
        .iter()
        .map(|parameter| (parameter.name.value.clone(), literal(&parameter.value)))
        .collect();
    let date = date.map_or_else(|| "2000-01-01".to_owned(), |date| date.to_string());
    values.insert(DATE_PARAMETER.to_owned(), format!("CAST('{date}' AS DATE)"));
    values
}

/// A parameter's value as SQL, typed.
fn literal(value: &Scalar) -> String {
    match value {
        Scalar::Int64(value) => format!("CAST({value} AS BIGINT)"),
        Scalar::Float64(value) => format!("CAST({value:?} AS DOUBLE)"),
        Scalar::Boolean(value) => value.to_string(),
        Scalar::Utf8(value) => quoted(value),
        Scalar::Date32(value) => format!("CAST('{value}' AS DATE)"),
        Scalar::Timestamp(micros) => {
            format!("arrow_cast(CAST({micros} AS BIGINT), 'Timestamp(Microsecond, Some(\"UTC\"))')")
        }
        Scalar::ListUtf8(values) => {
            let values: Vec<String> = values.iter().map(|value| quoted(value)).collect();
            format!("make_array({})", values.join(", "))
        }
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
