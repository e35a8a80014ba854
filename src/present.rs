//! How tables, numbers and mistakes look.

use std::io::{IsTerminal as _, Write as _};

use anyhow::Context as _;
use arrow::array::{Array, ArrayRef, AsArray as _, RecordBatch};
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table};
use hubcensus_spec::{Diagnostic, SourceFile};

use crate::cli::Format;

/// The longest text that a cell shows.
const WIDEST: usize = 60;

/// Tells mistakes on standard error, each under its line.
pub(crate) fn diagnostics(diagnostics: &[Diagnostic], files: &[SourceFile]) {
    let color = std::io::stderr().is_terminal();
    eprintln!("{}", hubcensus_spec::render(diagnostics, files, color));
}

/// Prints rows on standard output.
pub(crate) fn rows(batch: &RecordBatch, format: Format) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match format {
        Format::Table => writeln!(out, "{}", table(batch)?)?,
        Format::Csv => csv(batch, &mut out)?,
        Format::Json => {
            let mut writer = arrow::json::LineDelimitedWriter::new(&mut out);
            writer
                .write(batch)
                .and_then(|()| writer.finish())
                .context("cannot print")?;
        }
    }
    Ok(())
}

fn csv(batch: &RecordBatch, out: &mut impl std::io::Write) -> anyhow::Result<()> {
    let options = FormatOptions::new();
    let columns = batch
        .columns()
        .iter()
        .map(|column| ArrayFormatter::try_new(column, &options))
        .collect::<Result<Vec<_>, _>>()?;
    let names: Vec<String> = batch
        .schema()
        .fields()
        .iter()
        .map(|field| quoted(field.name()))
        .collect();
    writeln!(out, "{}", names.join(","))?;
    for row in 0..batch.num_rows() {
        let cells: Vec<String> = columns
            .iter()
            .map(|column| quoted(&column.value(row).to_string()))
            .collect();
        writeln!(out, "{}", cells.join(","))?;
    }
    Ok(())
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// Rows for people: thousands apart, shares in percent, numbers to the right.
pub(crate) fn table(batch: &RecordBatch) -> anyhow::Result<Table> {
    let schema = batch.schema();
    let mut table = plain_table();
    table.set_header(
        schema
            .fields()
            .iter()
            .zip(batch.columns())
            .map(|(field, column)| Cell::new(field.name()).set_alignment(alignment(column))),
    );
    let options = FormatOptions::new();
    let formatters = batch
        .columns()
        .iter()
        .map(|column| ArrayFormatter::try_new(column, &options))
        .collect::<Result<Vec<_>, _>>()?;
    for row in 0..batch.num_rows() {
        let cells = schema
            .fields()
            .iter()
            .zip(batch.columns())
            .zip(&formatters)
            .map(|((field, column), formatter)| {
                let text = cell(field.name(), column, row)
                    .unwrap_or_else(|| shorten(&formatter.value(row).to_string()));
                Cell::new(text).set_alignment(alignment(column))
            });
        table.add_row(cells);
    }
    Ok(table)
}

/// A table without lines between rows, as wide as the terminal allows.
pub(crate) fn plain_table() -> Table {
    let mut table = Table::new();
    table
        .load_preset(comfy_table::presets::NOTHING)
        .set_style(comfy_table::TableComponent::HeaderLines, '─')
        .set_style(comfy_table::TableComponent::MiddleHeaderIntersections, '─');
    if std::io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    table
}

fn alignment(column: &ArrayRef) -> CellAlignment {
    if column.data_type().is_numeric() {
        CellAlignment::Right
    } else {
        CellAlignment::Left
    }
}

fn cell(name: &str, column: &ArrayRef, row: usize) -> Option<String> {
    if column.is_null(row) {
        return Some("–".to_owned());
    }
    match column.data_type() {
        DataType::Int64 => Some(thousands(column.as_primitive::<Int64Type>().value(row))),
        DataType::Float64 => {
            let value = column.as_primitive::<Float64Type>().value(row);
            Some(if is_share(name) {
                format!("{:.2}%", value * 100.0)
            } else {
                decimal(value)
            })
        }
        _ => None,
    }
}

fn is_share(name: &str) -> bool {
    name.split('_').any(|word| word == "share")
}

/// A number with up to two decimals, thousands apart.
pub(crate) fn decimal(value: f64) -> String {
    let text = format!("{value:.2}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, "00"));
    match whole.parse::<i64>() {
        Ok(whole) if value.abs() >= 1.0 => format!("{}.{fraction}", thousands(whole)),
        _ if value != 0.0 && value.abs() < 0.01 => format!("{value:.2e}"),
        _ => text,
    }
}

/// A whole number, thousands apart.
pub(crate) fn thousands(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if value < 0 {
        text.push('-');
    }
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count, thousands apart.
pub(crate) fn count(value: u64) -> String {
    thousands(i64::try_from(value).unwrap_or(i64::MAX))
}

/// A size in bytes, rounded.
pub(crate) fn bytes(value: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "rounded for people anyway")]
    let mut size = value as f64;
    for unit in ["B", "kB", "MB", "GB"] {
        if size < 1000.0 {
            return if unit == "B" {
                format!("{value} B")
            } else {
                format!("{size:.1} {unit}")
            };
        }
        size /= 1000.0;
    }
    format!("{size:.1} TB")
}

fn shorten(text: &str) -> String {
    let line = text.replace('\n', " ");
    if line.chars().count() <= WIDEST {
        return line;
    }
    let kept: String = line.chars().take(WIDEST - 1).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_for_people() {
        assert_eq!(thousands(45_438_836_957), "45,438,836,957");
        assert_eq!(thousands(-1234), "-1,234");
        assert_eq!(thousands(999), "999");
        assert_eq!(decimal(21_641.4), "21,641.40");
        assert_eq!(decimal(0.5), "0.50");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(1_234_567), "1.2 MB");
    }

    #[test]
    fn text_is_cut_at_characters() {
        let long = "é".repeat(80);
        assert_eq!(shorten(&long).chars().count(), WIDEST);
    }

    #[test]
    fn csv_fields_are_quoted_where_they_must() {
        assert_eq!(quoted("a,b"), "\"a,b\"");
        assert_eq!(quoted("say \"a\""), "\"say \"\"a\"\"\"");
        assert_eq!(quoted("plain"), "plain");
    }
}
