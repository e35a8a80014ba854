//! How rows, notes and mistakes look.

pub(crate) mod grid;
pub(crate) mod number;

use anyhow::Context as _;
use arrow::array::{Array, ArrayRef, AsArray as _, RecordBatch};
use arrow::datatypes::{DataType, Float64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use hubcensus_engine::{Provenance, TableInfo};
use hubcensus_spec::{Diagnostic, SnapshotDate, SourceFile};

use crate::cli::{Format, LayoutArgs};
use crate::console::Console;
use crate::escape;
use crate::present::grid::{Column, Kind, Layout};
use crate::present::number::Meaning;

/// What stands where there is no value.
const NULL: &str = "–";

/// Tells mistakes on standard error, each under its line.
pub(crate) fn diagnostics(console: &Console, mistakes: &[Diagnostic], files: &[SourceFile]) {
    let color = console.is_watched();
    // With colours the text cannot be escaped as a whole.
    let mistakes: Vec<Diagnostic> = mistakes.iter().map(escaped).collect();
    let text = hubcensus_spec::render(&mistakes, files, color);
    if color {
        console.tell_styled(&text);
    } else {
        console.tell(text);
    }
}

fn escaped(mistake: &Diagnostic) -> Diagnostic {
    let lines = |text: &str| escape::lines(text).into_owned();
    Diagnostic {
        message: lines(&mistake.message),
        label: lines(&mistake.label),
        related: mistake
            .related
            .iter()
            .map(|(span, label)| (*span, lines(label)))
            .collect(),
        help: mistake.help.iter().map(|help| lines(help)).collect(),
        ..*mistake
    }
}

/// Prints rows on standard output. `hint` says how to see columns that do not
/// fit.
pub(crate) fn rows(
    console: &Console,
    batch: &RecordBatch,
    format: Format,
    layout: &LayoutArgs,
    hint: &str,
) -> anyhow::Result<()> {
    console.write(|out| {
        match format {
            Format::Table => {
                let layout = Layout {
                    width: console.width(),
                    all: layout.all,
                    records: layout.records,
                    hint,
                    keep_constants: false,
                };
                for line in grid::lines(&columns(batch)?, layout) {
                    writeln!(out, "{line}")?;
                }
            }
            Format::Csv => csv(batch, out)?,
            Format::Json => {
                let mut writer = arrow::json::LineDelimitedWriter::new(out);
                writer
                    .write(batch)
                    .and_then(|()| writer.finish())
                    .context("cannot print")?;
            }
        }
        Ok(())
    })
}

fn csv(batch: &RecordBatch, out: &mut dyn std::io::Write) -> anyhow::Result<()> {
    let options = FormatOptions::new();
    let columns = batch
        .columns()
        .iter()
        .map(|column| ArrayFormatter::try_new(column, &options))
        .collect::<Result<Vec<_>, _>>()?;
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(batch.schema().fields().iter().map(|field| field.name()))?;
    for row in 0..batch.num_rows() {
        let cells = columns.iter().map(|column| column.value(row).to_string());
        writer.write_record(cells)?;
    }
    writer.flush()?;
    Ok(())
}

/// The columns of a batch as people read them: thousands apart, shares in
/// percent, each text on one line.
pub(crate) fn columns(batch: &RecordBatch) -> anyhow::Result<Vec<Column>> {
    let schema = batch.schema();
    schema
        .fields()
        .iter()
        .zip(batch.columns())
        .map(|(field, values)| column(field.name(), values))
        .collect()
}

fn column(name: &str, values: &ArrayRef) -> anyhow::Result<Column> {
    let kind = match values.data_type() {
        data_type if data_type.is_numeric() => Kind::Number,
        DataType::Date32 | DataType::Timestamp(..) | DataType::Boolean => Kind::Whole,
        _ => Kind::Text,
    };
    let cells = if *values.data_type() == DataType::Float64 {
        let values: Vec<Option<f64>> = values.as_primitive::<Float64Type>().iter().collect();
        floats(name, &values)
    } else {
        let options = FormatOptions::new();
        let formatter = ArrayFormatter::try_new(values, &options)?;
        let text = |row: usize| {
            let text = formatter.value(row).to_string();
            if values.data_type().is_integer() && !is_year(name) {
                let number = text.parse::<i64>();
                number.map_or(text, number::thousands)
            } else {
                escape::line(&text).into_owned()
            }
        };
        (0..values.len())
            .map(|row| {
                let missing = values.is_null(row) || *values.data_type() == DataType::Null;
                (!missing).then(|| text(row))
            })
            .collect()
    };
    let cells = cells.into_iter();
    let cells = cells.map(|cell| cell.unwrap_or_else(|| NULL.to_owned()));
    Ok(Column::new(&escape::line(name), kind, cells.collect()))
}

fn floats(name: &str, values: &[Option<f64>]) -> Vec<Option<String>> {
    let each = |write: fn(f64) -> String| values.iter().map(|v| v.map(write)).collect();
    match number::meaning(name) {
        Meaning::Share => each(number::percent),
        Meaning::Points => each(number::points),
        Meaning::Number => number::fractions(values),
    }
}

fn is_year(name: &str) -> bool {
    name == "year" || name.ends_with("_year")
}

/// What is said of a result beside its rows: from which snapshots it is, what
/// is missing from it, and that it is generated.
pub(crate) fn provenance(found: &Provenance) -> Vec<String> {
    let mut lines = Vec::new();
    let mut parts: Vec<String> = Vec::new();
    let mut at = 0;
    while let Some(table) = found.tables.get(at) {
        let rest = found.tables.iter().skip(at);
        let alike = rest.take_while(|other| other.dates == table.dates);
        let names: Vec<String> = alike.map(|table| table.name.to_string()).collect();
        at += names.len();
        parts.push(match table.dates.as_slice() {
            [] => names.join(", "),
            dates => format!("{} of {}", names.join(", "), self::dates(dates)),
        });
    }
    let mut line = parts.join("; ");
    if !found.sources.is_empty() {
        line = format!("{line}, from {}", found.sources.join(" and "));
    }
    if !line.is_empty() {
        lines.push(line);
    }
    for table in &found.tables {
        for (date, reason) in &table.skipped {
            lines.push(format!("There is no {} of {date}: {reason}.", table.name));
        }
    }
    if found.sources.len() > 1 {
        lines.push(
            "These sources do not cover the same models: what differs between their dates may be \
             how they were gathered."
                .to_owned(),
        );
    }
    lines.extend(found.generated.as_deref().map(generated));
    lines
}

/// What files say of their being generated, in a sentence.
pub(crate) fn generated(note: &str) -> String {
    match note.split_once(". ") {
        Some((first, _)) => format!("{first}."),
        None => note.to_owned(),
    }
}

/// That tables of these dates are generated, where they are.
pub(crate) fn generated_of(tables: &[TableInfo<'_>], dates: &[SnapshotDate]) -> Option<String> {
    tables
        .iter()
        .flat_map(|table| &table.partitions)
        .filter(|partition| dates.contains(&partition.date))
        .find_map(|partition| partition.generated.as_deref())
        .map(generated)
}

/// The partitions that were left out because they cannot be read.
pub(crate) fn damage(found: &Provenance) -> Vec<String> {
    let damaged = found.tables.iter().flat_map(|table| &table.damaged);
    damaged
        .map(|partition| format!("{partition}; it was left out"))
        .collect()
}

/// `2025-10-01`, or `2 snapshots, 2025-09-21 to 2025-10-01`.
pub(crate) fn dates(dates: &[SnapshotDate]) -> String {
    match dates {
        [] => "no snapshots".to_owned(),
        [date] => date.to_string(),
        [first, .., last] => format!("{} snapshots, {first} to {last}", dates.len()),
    }
}

/// A text on one line of at most so many characters.
pub(crate) fn brief(text: &str, most: usize) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    grid::shortened(&escape::line(&text), most)
}

/// The first sentence of a description, on one line.
pub(crate) fn first_sentence(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.split_once(". ") {
        Some((first, _)) => format!("{first}."),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Float64Array, Int64Array, NullArray, StringArray};

    use super::*;

    #[test]
    fn cells_are_written_for_people() {
        let batch = RecordBatch::try_from_iter([
            (
                "name",
                Arc::new(StringArray::from(vec![Some("a\nb\u{1b}[2J"), None])) as ArrayRef,
            ),
            ("n", Arc::new(Int64Array::from(vec![Some(1234), None]))),
            ("year", Arc::new(Int64Array::from(vec![2024, 2025]))),
            (
                "gini",
                Arc::new(Float64Array::from(vec![Some(0.997), None])),
            ),
            ("share", Arc::new(Float64Array::from(vec![0.000_01, 1.0]))),
            (
                "share_gained",
                Arc::new(Float64Array::from(vec![0.0052, -0.0])),
            ),
            ("nothing", Arc::new(NullArray::new(2))),
        ])
        .unwrap();
        let columns = columns(&batch).unwrap();
        let cells: Vec<&[String]> = columns.iter().map(|c| c.cells.as_slice()).collect();
        assert_eq!(
            cells,
            [
                ["a␊b␛[2J", "–"],
                ["1,234", "–"],
                ["2024", "2025"],
                ["0.997", "–"],
                ["<0.01%", "100.00%"],
                ["+0.52 pp", "0.00 pp"],
                ["–", "–"],
            ]
        );
    }

    #[test]
    fn csv_is_the_data() {
        let names = StringArray::from(vec!["a,b", "say \"a\"", "\u{1b}[2J", "=1+1"]);
        let batch = RecordBatch::try_from_iter([("name", Arc::new(names) as ArrayRef)]).unwrap();
        let mut out = Vec::new();
        csv(&batch, &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "name\n\"a,b\"\n\"say \"\"a\"\"\"\n\u{1b}[2J\n=1+1\n"
        );
    }
}
