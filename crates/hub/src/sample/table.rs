//! A CSV text, read by column name, with errors that name file and line.

use std::str::FromStr;

use csv::{ReaderBuilder, StringRecord};

use super::error::SampleError;

/// A CSV text with a header.
pub(crate) struct Table {
    file: &'static str,
    header: StringRecord,
    rows: Vec<(u64, StringRecord)>,
}

/// One row of a [`Table`].
#[derive(Clone, Copy)]
pub(crate) struct Row<'t> {
    table: &'t Table,
    line: u64,
    record: &'t StringRecord,
}

impl Table {
    /// Reads a text; `file` is how errors call it.
    pub(crate) fn read(file: &'static str, text: &str) -> Result<Self, SampleError> {
        let refuse = |error: csv::Error| SampleError::Field {
            file,
            line: error.position().map_or(1, csv::Position::line),
            problem: format!("no CSV: {error}"),
        };
        let mut reader = ReaderBuilder::new().from_reader(text.as_bytes());
        let header = reader.headers().map_err(refuse)?.clone();
        let mut rows = Vec::new();
        for record in reader.into_records() {
            let record = record.map_err(refuse)?;
            rows.push((record.position().map_or(0, csv::Position::line), record));
        }
        Ok(Self { file, header, rows })
    }

    /// The rows, in the order of the file.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|(line, record)| Row {
            table: self,
            line: *line,
            record,
        })
    }
}

impl<'t> Row<'t> {
    /// The text of a column; an empty field is the empty text.
    pub(crate) fn text(&self, column: &'static str) -> Result<&'t str, SampleError> {
        let at = self.table.header.iter().position(|name| name == column);
        let at = at.ok_or(SampleError::Column {
            file: self.table.file,
            column,
        })?;
        Ok(self.record.get(at).unwrap_or_default().trim())
    }

    /// The text of a column that may not be empty.
    pub(crate) fn required(&self, column: &'static str) -> Result<&'t str, SampleError> {
        match self.text(column)? {
            "" => Err(self.refuse(column, "a text", "nothing")),
            text => Ok(text),
        }
    }

    /// A column's value; `expected` names what it should be.
    pub(crate) fn value<T: FromStr>(
        &self,
        column: &'static str,
        expected: &str,
    ) -> Result<T, SampleError> {
        let text = self.text(column)?;
        text.parse()
            .map_err(|_| self.refuse(column, expected, text))
    }

    /// A number that is finite and lies between two bounds, both included.
    pub(crate) fn number(
        &self,
        column: &'static str,
        least: f64,
        most: f64,
    ) -> Result<f64, SampleError> {
        let expected = format!("a number from {least} to {most}");
        let number: f64 = self.value(column, &expected)?;
        if (least..=most).contains(&number) {
            Ok(number)
        } else {
            Err(self.refuse(column, &expected, self.text(column)?))
        }
    }

    /// The error for a field that is not what it should be.
    pub(crate) fn refuse(&self, column: &str, expected: &str, found: &str) -> SampleError {
        SampleError::Field {
            file: self.table.file,
            line: self.line,
            problem: format!("`{column}` is `{found}`, not {expected}"),
        }
    }
}
