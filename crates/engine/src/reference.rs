//! Reference tables: curated CSV files as typed tables.

use std::cmp::Ordering;
use std::ops::Range;
use std::path::{Component, Path};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, RecordBatch, make_comparator};
use arrow::compute::{SortOptions, concat_batches};
use arrow::datatypes::Int64Type;
use datafusion::catalog::TableProvider;
use datafusion::common::DataFusionError;
use hubcensus_hub::read;
use hubcensus_spec::{Diagnostic, ReferenceTable, SourceFile, Span};

use crate::query::frame;
use crate::query::schema;
use crate::query::source_schema;
use crate::text;

/// A reference table, read.
#[derive(Debug)]
pub(crate) struct ReferenceData {
    pub(crate) batch: RecordBatch,
    pub(crate) fingerprint: String,
    lines: Lines,
    /// The line on which each row begins.
    rows: Vec<usize>,
}

impl ReferenceData {
    pub(crate) fn table(&self) -> Result<Arc<dyn TableProvider>, DataFusionError> {
        Ok(frame::memory(self.batch.clone())?)
    }

    /// The line in the CSV file on which a row of the table begins.
    pub(crate) fn line(&self, row: usize) -> usize {
        self.rows.get(row).copied().unwrap_or(1)
    }

    /// Where a row stands in the CSV file.
    pub(crate) fn row_span(&self, row: usize) -> Span {
        self.lines.line(self.line(row))
    }

    /// Where a field of a row stands in the CSV file, whose text is `text`.
    pub(crate) fn field_span(&self, text: &str, row: usize, column: usize) -> Span {
        self.lines.field(text, self.line(row), column)
    }

    /// The number of the CSV file among those that diagnostics show lines of.
    pub(crate) fn file(&self) -> usize {
        self.lines.file
    }
}

/// What came of reading a reference table's file.
#[derive(Debug)]
pub(crate) struct ReadReference {
    /// The table, or what is wrong with its file.
    pub(crate) data: Result<ReferenceData, Vec<Diagnostic>>,
    /// The file as far as it is text, for diagnostics to show lines of.
    pub(crate) file: SourceFile,
}

/// Reads the CSV file of a reference table. `number` is that of the file among
/// those that diagnostics show lines of.
///
/// The data are every line that does not fit, a header that is not the
/// contract's, rows out of order or a file that cannot be read, if there is
/// such a mistake.
pub(crate) fn read(table: &ReferenceTable, root: &Path, number: usize) -> ReadReference {
    let mut file = SourceFile {
        path: table.file.value.clone(),
        text: String::new(),
    };
    let reading = Reading { table, number };
    let data = reading.bytes(root).and_then(|bytes| {
        let fingerprint = blake3::hash(&bytes).to_hex().to_string();
        file.text = text::decode(bytes)
            .map_err(|not| reading.unreadable(format!("{}:{not}", table.file.value)))?;
        reading.rows(root, &file.text, fingerprint)
    });
    ReadReference { data, file }
}

struct Reading<'a> {
    table: &'a ReferenceTable,
    number: usize,
}

impl Reading<'_> {
    fn shown(&self) -> &str {
        &self.table.file.value
    }

    /// The mistake of a file as a whole.
    fn unreadable(&self, message: String) -> Vec<Diagnostic> {
        let label = format!("the file of `{}`", self.table.name.value);
        vec![Diagnostic::error("reference", message).at(self.table.file.span, label)]
    }

    fn bytes(&self, root: &Path) -> Result<Vec<u8>, Vec<Diagnostic>> {
        let path = Path::new(self.shown());
        let stays = path
            .components()
            .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if !stays {
            let message = format!("{} is not within the project", self.shown());
            let mistakes = self.unreadable(message).into_iter();
            let help = "a reference table's file is part of the project, named from its root, \
                        without `..`";
            return Err(mistakes.map(|mistake| mistake.help(help)).collect());
        }
        let file = root.join(path);
        // Reading a pipe might never end.
        if file.metadata().is_ok_and(|about| !about.is_file()) {
            return Err(self.unreadable(format!("{} is no regular file", self.shown())));
        }
        std::fs::read(file)
            .map_err(|e| self.unreadable(format!("cannot read {}: {e}", self.shown())))
    }

    fn rows(
        &self,
        root: &Path,
        text: &str,
        fingerprint: String,
    ) -> Result<ReferenceData, Vec<Diagnostic>> {
        let lines = Lines::new(self.number, text);
        self.header(text, &lines)?;
        let contract = &self.table.contract;
        let columns = contract.columns.iter();
        let fields = columns.map(|column| {
            read::Field::new(
                column.name.as_str(),
                column.name.as_str(),
                source_schema::column_kind(column.data_type),
            )
        });
        let mut request = read::Request::new(fields.collect(), read::Format::Csv);
        // People's editors may leave out the last line feed.
        request.csv.final_newline = false;
        let path = root.join(self.shown());
        let failed = |e: &dyn std::fmt::Display| self.unreadable(e.to_string());
        let reader = read::open(&path, self.shown(), &request).map_err(|e| failed(&e))?;
        let survey = reader.survey();
        let mut batches = Vec::new();
        let mut rows = Vec::new();
        let mut mistakes = Vec::new();
        for chunk in reader.split(1).into_iter().flatten() {
            let chunk = chunk.map_err(|e| failed(&e))?;
            for reject in chunk.rejects {
                let line = usize::try_from(reject.row).unwrap_or(usize::MAX);
                let message = format!(
                    "{}:{line}: {}: {}",
                    self.shown(),
                    reject.reason.as_str(),
                    reject.detail
                );
                mistakes
                    .push(Diagnostic::error("reference", message).at(lines.line(line), "this row"));
            }
            if let Some(places) = chunk.batch.column_by_name(read::ROW) {
                let places = places.as_primitive::<Int64Type>().values();
                rows.extend(places.iter().map(|row| usize::try_from(*row).unwrap_or(1)));
            }
            let own: Vec<usize> = (0..contract.columns.len()).collect();
            batches.push(chunk.batch.project(&own).map_err(|e| failed(&e))?);
        }
        // What is odd in a snapshot is a mistake in a table that people keep.
        for odd in survey.odd() {
            let line = usize::try_from(odd.row).unwrap_or(usize::MAX);
            let message = format!(
                "{}:{line}: column `{}`: {} ({})",
                self.shown(),
                odd.column,
                odd.found,
                odd.oddity
            );
            mistakes.push(Diagnostic::error("reference", message).at(lines.line(line), "this row"));
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let schema = schema::of_contract(contract);
        let nullable = batches
            .first()
            .map_or_else(|| Arc::clone(&schema), RecordBatch::schema);
        let batch = concat_batches(&nullable, &batches).map_err(|e| failed(&e))?;
        let data = ReferenceData {
            batch,
            fingerprint,
            lines,
            rows,
        };
        mistakes.extend(self.empty_fields(&data, text));
        mistakes.extend(self.out_of_order(&data));
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let batch = RecordBatch::try_new(schema, data.batch.columns().to_vec());
        let batch = batch.map_err(|e| failed(&e))?;
        Ok(ReferenceData { batch, ..data })
    }

    fn header(&self, text: &str, lines: &Lines) -> Result<(), Vec<Diagnostic>> {
        let found = text.split('\n').next().unwrap_or_default();
        let found = found.trim_end_matches('\r');
        let columns = self.table.contract.columns.iter();
        let wanted: Vec<&str> = columns.map(|c| c.name.as_str()).collect();
        let wanted = wanted.join(",");
        if found == wanted {
            return Ok(());
        }
        let shown = self.shown();
        let message = if found.trim_start_matches('\u{feff}') == wanted {
            format!("{shown}:1: the file begins with a byte order mark; save it without")
        } else {
            format!("{shown}:1: the header is `{found}`, expected `{wanted}`")
        };
        let label = format!("the header of `{}`", self.table.name.value);
        Err(vec![
            Diagnostic::error("reference", message).at(lines.line(1), label),
        ])
    }

    /// Empty fields where the contract has none.
    fn empty_fields(&self, data: &ReferenceData, text: &str) -> Vec<Diagnostic> {
        let mut mistakes = Vec::new();
        for (at, column) in self.table.contract.columns.iter().enumerate() {
            let Some(values) = data.batch.columns().get(at).filter(|_| !column.nullable) else {
                continue;
            };
            for row in (0..values.len()).filter(|row| values.is_null(*row)) {
                let message = format!(
                    "{}:{}: `{}` is empty",
                    self.shown(),
                    data.line(row),
                    column.name.as_str()
                );
                let place = data.lines.field(text, data.line(row), at);
                mistakes.push(
                    Diagnostic::error("reference", message)
                        .at(place, "no value")
                        .help("fill it in; an empty field needs `nullable: true` in the contract"),
                );
            }
        }
        mistakes
    }

    /// The first row that stands before one that it should follow.
    fn out_of_order(&self, data: &ReferenceData) -> Option<Diagnostic> {
        let contract = &self.table.contract;
        let options = SortOptions {
            descending: false,
            nulls_first: false,
        };
        let sort = contract.sort.iter();
        let columns: Vec<&ArrayRef> = sort
            .filter_map(|column| data.batch.column_by_name(column.as_str()))
            .collect();
        let compare = columns
            .iter()
            .map(|column| make_comparator(column.as_ref(), column.as_ref(), options))
            .collect::<Result<Vec<_>, _>>()
            .ok()?;
        let order = |a, b| {
            let orders = compare.iter().map(|compare| compare(a, b));
            orders.fold(Ordering::Equal, Ordering::then)
        };
        let row = (1..data.batch.num_rows()).find(|row| order(row - 1, *row).is_gt())?;
        let names: Vec<&str> = contract.sort.iter().map(|column| column.as_str()).collect();
        let names = names.join(", ");
        let before = (0..row).find(|earlier| order(*earlier, row).is_gt())?;
        Some(
            Diagnostic::error(
                "reference-order",
                format!(
                    "{}:{}: the rows are in the order of {names}, but this one belongs before line {}",
                    self.shown(),
                    data.line(row),
                    data.line(before)
                ),
            )
            .at(data.row_span(row), "out of order")
            .related(data.row_span(before), "belongs before this")
            .help("sort the rows, texts byte by byte, empty fields last"),
        )
    }
}

/// The lines of a file.
#[derive(Debug)]
struct Lines {
    file: usize,
    ranges: Vec<Range<usize>>,
}

impl Lines {
    fn new(file: usize, text: &str) -> Self {
        let mut ranges = Vec::new();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let content = line.trim_end_matches(['\r', '\n']);
            ranges.push(start..start + content.len());
            start += line.len();
        }
        Self { file, ranges }
    }

    fn range(&self, line: usize) -> Range<usize> {
        let range = line.checked_sub(1).and_then(|at| self.ranges.get(at));
        range.cloned().unwrap_or_default()
    }

    /// A line, counted from 1.
    fn line(&self, line: usize) -> Span {
        self.span(self.range(line))
    }

    fn span(&self, range: Range<usize>) -> Span {
        Span {
            file: self.file,
            start: range.start,
            end: range.end,
        }
    }

    /// A field, counted from 0, of the row that begins on a line.
    fn field(&self, text: &str, line: usize, at: usize) -> Span {
        let row = self.range(line);
        let content = text.get(row.clone()).unwrap_or_default();
        let mut start = 0;
        let mut quoted = false;
        let mut number = 0;
        for (offset, character) in content.char_indices() {
            match character {
                '"' => quoted = !quoted,
                ',' if !quoted && number == at => {
                    return self.span(row.start + start..row.start + offset);
                }
                ',' if !quoted => {
                    number += 1;
                    start = offset + 1;
                }
                _ => {}
            }
        }
        self.span(row.start + start..row.end)
    }
}
