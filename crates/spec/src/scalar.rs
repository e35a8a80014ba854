//! Single values: those of parameters, and the cells of the tables in tests.

use chrono::{DateTime, NaiveDate, NaiveDateTime};

use crate::date::SnapshotDate;
use crate::diagnostic::{Diagnostic, Span, Spanned};
use crate::read::Cx;
use crate::types::ColumnType;
use crate::yaml::{Kind, Node};

/// The value of a parameter; its kind is that of the parameter's type.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    /// `utf8`
    Utf8(String),
    /// `int64`
    Int64(i64),
    /// `float64`
    Float64(f64),
    /// `boolean`
    Boolean(bool),
    /// `date32`
    Date32(SnapshotDate),
    /// `timestamp`: microseconds since 1970-01-01T00:00:00Z.
    Timestamp(i64),
    /// `list<utf8>`
    ListUtf8(Vec<String>),
}

/// A value in a row of a test; it fits the type of its column.
///
/// Integers in a `float64` column are floats already; dates and timestamps are texts that
/// [`SnapshotDate`] and [`parse_timestamp`] read.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Null.
    Null,
    /// `boolean`
    Bool(bool),
    /// `int64`
    Int(i64),
    /// `float64`
    Float(f64),
    /// `utf8`, `date32` or `timestamp`
    Text(String),
    /// `list<utf8>`; its members are texts or nulls.
    List(Vec<Cell>),
}

/// Microseconds since 1970-01-01T00:00:00Z of `2025-10-01`, `2025-10-01 12:30:00`,
/// `2025-10-01T12:30:00.123Z` or `2025-10-01T12:30:00+02:00`; without an offset it is UTC.
///
/// `None` if it is none of these, or no such moment exists.
pub fn parse_timestamp(text: &str) -> Option<i64> {
    if let Ok(date) = text.parse::<SnapshotDate>() {
        let midnight = NaiveDate::from(date).and_hms_opt(0, 0, 0)?;
        return Some(midnight.and_utc().timestamp_micros());
    }
    // The date must have the one form that dates have everywhere.
    text.get(..10)?.parse::<SnapshotDate>().ok()?;
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Some(moment.timestamp_micros());
    }
    ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .map(|moment| moment.and_utc().timestamp_micros())
}

/// Reads a node as a cell, of whatever type.
pub(crate) fn cell(node: &Node, cx: &mut Cx<'_>) -> Option<Spanned<Cell>> {
    let value = match &node.kind {
        Kind::Null => Cell::Null,
        Kind::Bool(truth) => Cell::Bool(*truth),
        Kind::Int(integer) => Cell::Int(*integer),
        Kind::Float(float) => Cell::Float(*float),
        Kind::Text(text) => Cell::Text(cx.fill(&Spanned::new(text.clone(), node.span)).value),
        Kind::List(items) => Cell::List(
            items
                .iter()
                .map(|item| cell(item, cx).map(|cell| cell.value))
                .collect::<Option<_>>()?,
        ),
        Kind::Map(_) => {
            cx.report(
                Diagnostic::error("bad-cell", "a cell cannot be a mapping")
                    .at(node.span, "expected a value, a list of texts, or null")
                    .help("write JSON as a text in quotes, entries as a list of \"key=value\""),
            );
            return None;
        }
    };
    Some(Spanned::new(value, node.span))
}

/// What to write in a cell or parameter of this type.
const fn expected(data_type: ColumnType) -> &'static str {
    match data_type {
        ColumnType::Utf8 => "a text",
        ColumnType::Int64 => "an integer",
        ColumnType::Float64 => "a number",
        ColumnType::Boolean => "true or false",
        ColumnType::Date32 => "a date such as 2025-10-01",
        ColumnType::Timestamp => "a moment such as 2025-10-01T12:30:00Z",
        ColumnType::ListUtf8 => "a list of texts",
    }
}

/// The cell as one of `data_type`, or `None`.
fn fit(cell: &Cell, data_type: ColumnType) -> Option<Scalar> {
    match (data_type, cell) {
        (ColumnType::Utf8, Cell::Text(text)) => Some(Scalar::Utf8(text.clone())),
        (ColumnType::Int64, Cell::Int(integer)) => Some(Scalar::Int64(*integer)),
        (ColumnType::Float64, Cell::Float(float)) => Some(Scalar::Float64(*float)),
        (ColumnType::Float64, Cell::Int(integer)) => to_float(*integer).map(Scalar::Float64),
        (ColumnType::Boolean, Cell::Bool(truth)) => Some(Scalar::Boolean(*truth)),
        (ColumnType::Date32, Cell::Text(text)) => text.parse().ok().map(Scalar::Date32),
        (ColumnType::Timestamp, Cell::Text(text)) => parse_timestamp(text).map(Scalar::Timestamp),
        (ColumnType::ListUtf8, Cell::List(items)) => {
            let texts = items.iter().filter_map(|item| match item {
                Cell::Text(text) => Some(text.clone()),
                _ => None,
            });
            let nulls = items.iter().filter(|item| **item == Cell::Null).count();
            let texts: Vec<String> = texts.collect();
            (texts.len() + nulls == items.len()).then_some(Scalar::ListUtf8(texts))
        }
        _ => None,
    }
}

/// Integers up to 2^53, which a double holds exactly.
fn to_float(integer: i64) -> Option<f64> {
    const EXACT: u64 = 1 << 53;
    #[expect(clippy::cast_precision_loss, reason = "the bound rules it out")]
    (integer.unsigned_abs() <= EXACT).then_some(integer as f64)
}

/// Makes the cell fit the type of its column, or reports that it does not.
pub(crate) fn check_cell(
    cell: &mut Spanned<Cell>,
    column: &str,
    data_type: ColumnType,
    cx: &mut Cx<'_>,
) {
    if cell.value == Cell::Null {
        return;
    }
    match fit(&cell.value, data_type) {
        Some(Scalar::Float64(float)) => cell.value = Cell::Float(float),
        Some(_) => {}
        None => report_misfit(
            &cell.value,
            cell.span,
            &format!("`{column}`"),
            data_type,
            cx,
        ),
    }
}

/// The value of a parameter of `data_type`.
pub(crate) fn scalar(
    node: &Node,
    what: &str,
    data_type: ColumnType,
    cx: &mut Cx<'_>,
) -> Option<Scalar> {
    let cell = cell(node, cx)?;
    let scalar = fit(&cell.value, data_type);
    if scalar.is_none() {
        report_misfit(&cell.value, cell.span, what, data_type, cx);
    }
    scalar
}

fn report_misfit(cell: &Cell, span: Span, what: &str, data_type: ColumnType, cx: &mut Cx<'_>) {
    let found = match cell {
        Cell::Null => "null".to_owned(),
        Cell::Bool(truth) => format!("{truth}"),
        Cell::Int(integer) => format!("the integer {integer}"),
        Cell::Float(float) => format!("the number {float}"),
        Cell::Text(text) => format!("the text `{text}`"),
        Cell::List(_) => "a list".to_owned(),
    };
    let help = match (data_type, cell) {
        (ColumnType::Utf8, Cell::Bool(_) | Cell::Int(_) | Cell::Float(_)) => {
            Some("put it in quotes".to_owned())
        }
        (ColumnType::ListUtf8, Cell::Text(text)) => Some(format!("write [\"{text}\"]")),
        _ => None,
    };
    let expected = expected(data_type);
    cx.report(
        Diagnostic::error("bad-cell", format!("{what} is {data_type}, found {found}"))
            .at(span, format!("expected {expected}"))
            .maybe_help(help),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_utc() {
        // 2025-10-01T00:00:00Z is 1759276800 s.
        let second = 1_000_000;
        assert_eq!(parse_timestamp("2025-10-01"), Some(1_759_276_800 * second));
        for text in [
            "2025-10-01T12:30:00Z",
            "2025-10-01 12:30:00",
            "2025-10-01T12:30:00",
            "2025-10-01T14:30:00+02:00",
        ] {
            assert_eq!(
                parse_timestamp(text),
                Some(1_759_321_800 * second),
                "{text}"
            );
        }
        assert_eq!(
            parse_timestamp("2025-10-01T12:30:00.000123Z"),
            Some(1_759_321_800 * second + 123)
        );
        for text in [
            "",
            "2025",
            "yesterday",
            "2025-13-01T00:00:00Z",
            "2025-1-1 00:00:00",
        ] {
            assert_eq!(parse_timestamp(text), None, "{text}");
        }
    }

    #[test]
    fn only_integers_that_a_double_holds_become_one() {
        assert_eq!(to_float(-3), Some(-3.0));
        assert_eq!(
            to_float(9_007_199_254_740_992),
            Some(9_007_199_254_740_992.0)
        );
        assert_eq!(to_float(9_007_199_254_740_993), None);
        assert_eq!(to_float(i64::MIN), None);
    }
}
