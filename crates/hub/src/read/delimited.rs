//! CSV rows into columns.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use csv::ByteRecord;

use super::columns::Columns;
use super::error::{Place, ReadError};
use super::input::Input;
use super::plan::Node;
use super::reject::{Reason, Reject, content};
use super::survey::Survey;
use super::{Chunk, Field, Kind, Request, Step, decode, wanted};

/// A line put after the file's last. If it does not come back as a row of its own, a quote that
/// was opened before it was never closed.
const END: &[u8] = b"\0end of file\0";
const END_LINE: &[u8] = b"\n\0end of file\0\n";

/// How many names of columns a message shows.
const SHOWN_COLUMNS: usize = 20;

/// The content of the file and the end line, refusing rows that have no end.
struct Source {
    input: Input,
    /// What of the end line was not given yet.
    end: &'static [u8],
    /// Whether the content so far ends in a line feed.
    line_ended: bool,
    /// The bytes given since the last row; a row may take one buffer more than the limit.
    since_row: Arc<AtomicU64>,
    limit: u64,
}

impl Read for Source {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = match self.input.read(buf)? {
            0 => self.end.read(buf)?,
            n => {
                self.line_ended = buf[n - 1] == b'\n';
                n
            }
        };
        let since = self.since_row.fetch_add(n as u64, Ordering::Relaxed);
        if since > self.limit {
            return Err(io::Error::other(RowTooLong));
        }
        Ok(n)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("a row without end")]
struct RowTooLong;

/// Where in a row a column is.
enum Cell {
    /// A field.
    Field(usize),
    /// Within the JSON that a field holds.
    Within(usize, Node),
    /// In fields that are the members of an object, with their keys.
    Members(Vec<(String, usize)>),
}

/// A CSV file. It is its own only partition: where a row begins is not known before all rows
/// before it are read, for quoted fields may hold line breaks.
pub(super) struct CsvSource {
    rows: csv::Reader<Source>,
    since_row: Arc<AtomicU64>,
    columns: Columns,
    survey: Arc<Survey>,
    kinds: Vec<Kind>,
    /// For each column where in a row it is, if the file has it.
    cells: Vec<Option<Cell>>,
    width: usize,
    record: ByteRecord,
    batch_rows: usize,
    limit: usize,
    final_newline: bool,
    /// The line on which the last row began.
    last_line: u64,
    ended: bool,
}

impl CsvSource {
    pub(super) fn open(
        input: Input,
        request: &Request,
        survey: Arc<Survey>,
    ) -> Result<Self, ReadError> {
        const BUFFER: usize = 128 << 10;
        input.expect_text("CSV")?;
        let since_row = Arc::new(AtomicU64::new(0));
        let limit = request.max_row_bytes;
        let source = Source {
            input,
            end: END_LINE,
            line_ended: false,
            since_row: Arc::clone(&since_row),
            limit: (limit + BUFFER) as u64,
        };
        let rows = csv::ReaderBuilder::new()
            .has_headers(false)
            // `\r` before it is cut from the row: with the reader's own way of ending rows at either,
            // lines would be counted wrong.
            .terminator(csv::Terminator::Any(b'\n'))
            .delimiter(request.csv.delimiter)
            .flexible(true)
            .buffer_capacity(BUFFER)
            .from_reader(source);
        let mut csv = CsvSource {
            rows,
            since_row,
            columns: Columns::new(request),
            survey,
            kinds: request.fields.iter().map(|field| field.kind).collect(),
            cells: Vec::new(),
            width: 0,
            record: ByteRecord::new(),
            batch_rows: request.batch_rows.max(1),
            limit,
            final_newline: request.csv.final_newline,
            last_line: 1,
            ended: false,
        };
        csv.read_header(request)?;
        Ok(csv)
    }

    fn read_header(&mut self, request: &Request) -> Result<(), ReadError> {
        let header = match self.next_record()? {
            Some(_) => self.record.clone(),
            None => ByteRecord::new(),
        };
        self.width = header.len();
        let names: Vec<_> = header
            .iter()
            .map(|name| String::from_utf8_lossy(name).trim().to_owned())
            .collect();
        for name in &names {
            self.survey.see(name);
        }
        for (column, field) in request.fields.iter().enumerate() {
            let cell = self.cell(&names, column, field)?;
            if !matches!(cell, Some(Cell::Within(..))) {
                self.survey.add_presence(column, cell.is_some());
            }
            self.cells.push(cell);
        }
        if !request.fields.is_empty() && self.cells.iter().all(Option::is_none) {
            let wanted: Vec<_> = request
                .fields
                .iter()
                .map(|field| Step::show_path(&field.path))
                .collect();
            let list = |names: &[String]| {
                super::reject::shown(&names[..names.len().min(SHOWN_COLUMNS)].join(", "))
            };
            return Err(self.input().not(
                &format!("a CSV header with some of the columns {}", list(&wanted)),
                format!("the columns {}", list(&names)),
                "correct the paths or the format in the source's entry",
            ));
        }
        Ok(())
    }

    /// Where a path leads: to the field of its whole name, or else into the JSON in a field that
    /// has its first keys as its name, or else to the fields whose names start with it.
    fn cell(
        &self,
        names: &[String],
        column: usize,
        field: &Field,
    ) -> Result<Option<Cell>, ReadError> {
        let path = field.path.as_slice();
        let keys = path
            .iter()
            .take_while(|step| matches!(step, Step::Key(_)))
            .count();
        for taken in (1..=keys).rev() {
            let (name, rest) = path.split_at(taken);
            let wanted = Step::show_path(name);
            let mut found = names
                .iter()
                .enumerate()
                .filter(|(_, name)| **name == wanted);
            let Some((field, _)) = found.next() else {
                continue;
            };
            if found.next().is_some() {
                return Err(ReadError::Damaged {
                    file: self.input().file.clone(),
                    place: Place::default().on_line(1),
                    detail: format!("expected each column once, found two named `{wanted}`"),
                    help: "rename one of them".to_owned(),
                });
            }
            return Ok(Some(match rest {
                [] => Cell::Field(field),
                rest => Cell::Within(field, Node::of_path(column, rest)),
            }));
        }
        let start = format!("{}.", Step::show_path(path));
        let members = names
            .iter()
            .enumerate()
            .filter_map(|(at, name)| Some((name.strip_prefix(&start)?.to_owned(), at)));
        let members: Vec<_> = members.collect();
        let whole = field.kind.is_object() || field.kind == Kind::Utf8;
        Ok((whole && !members.is_empty()).then_some(Cell::Members(members)))
    }

    fn input(&self) -> &Input {
        &self.rows.get_ref().input
    }

    /// Reads the next row into `record` and gives its line; `None` at the end of the file.
    fn next_record(&mut self) -> Result<Option<u64>, ReadError> {
        if self.ended {
            return Ok(None);
        }
        let mut read;
        loop {
            read = self.rows.read_byte_record(&mut self.record);
            self.since_row.store(0, Ordering::Relaxed);
            if self.record.len() != 1 || self.record.get(0) != Some(b"\r") {
                break;
            }
        }
        // The reader has passed the row's last line break and those in it. (Its position before the
        // row may be that of blank lines, which it passes over.)
        let breaks = memchr::memchr_iter(b'\n', self.record.as_slice()).count() as u64;
        let line = match read {
            Ok(_) => self.rows.position().line().saturating_sub(breaks + 1),
            Err(error) => {
                return Err(
                    self.failed(error, self.record.position().map_or(1, csv::Position::line))
                );
            }
        };
        self.cut_return();
        let last = self
            .record
            .get(self.record.len().wrapping_sub(1))
            .unwrap_or_default();
        if self.record.len() == 1 && last == END {
            return match self.rows.read_byte_record(&mut self.record) {
                Ok(false) if self.final_newline && !self.rows.get_ref().line_ended => {
                    Err(self.unended())
                }
                Ok(false) => {
                    self.ended = true;
                    Ok(None)
                }
                _ => Err(self.after_end(line)),
            };
        }
        if self.record.is_empty() || last.ends_with(END) || last.ends_with(END_LINE) {
            // No line break ends it.
            return Err(self.unclosed(line + 1));
        }
        self.last_line = line;
        Ok(Some(line))
    }

    /// Cuts a `\r` from the row's end.
    fn cut_return(&mut self) {
        let last = self.record.len().wrapping_sub(1);
        if let Some([field @ .., b'\r']) = self.record.get(last) {
            let field = field.to_vec();
            self.record.truncate(last);
            self.record.push_field(&field);
        }
    }

    fn failed(&self, error: csv::Error, line: u64) -> ReadError {
        match error.into_kind() {
            csv::ErrorKind::Io(error) => {
                if error
                    .get_ref()
                    .is_some_and(|inner| inner.is::<RowTooLong>())
                {
                    return self.unclosed(line);
                }
                self.input().failed(error, Some(line))
            }
            other => ReadError::Damaged {
                file: self.input().file.clone(),
                place: self.input().place().on_line(line),
                detail: format!("{other:?}"),
                help: "correct it or fetch it again".to_owned(),
            },
        }
    }

    fn after_end(&self, line: u64) -> ReadError {
        ReadError::Damaged {
            file: self.input().file.clone(),
            place: self.input().place().on_line(line),
            detail: "expected a row, found a line of control characters".to_owned(),
            help: "remove it".to_owned(),
        }
    }

    fn unclosed(&self, line: u64) -> ReadError {
        ReadError::CutOff {
            file: self.input().file.clone(),
            place: self.input().place().on_line(line),
            detail: format!(
                "the row that starts there opens a quote (\") which is not closed within {} bytes or the file",
                self.limit
            ),
        }
    }

    fn unended(&self) -> ReadError {
        ReadError::CutOff {
            file: self.input().file.clone(),
            place: self.input().place().on_line(self.last_line),
            detail:
                "the last line has no line feed at its end, so that more may be missing; if the \
                     source's files are written so, say `final_newline: false` in its entry"
                    .to_owned(),
        }
    }

    pub(super) fn chunk(&mut self) -> Result<Option<Chunk>, ReadError> {
        const FULL: usize = 64 << 20;
        let (mut rows, mut bytes, mut rejects) = (0, 0, Vec::new());
        while rows + rejects.len() < self.batch_rows && bytes < FULL {
            let Some(line) = self.next_record()? else {
                break;
            };
            bytes += self.record.as_slice().len();
            match self.row(line) {
                None => rows += 1,
                Some(reject) => rejects.push(reject),
            }
        }
        if rows == 0 && rejects.is_empty() {
            return Ok(None);
        }
        let batch = self.columns.take().map_err(|error| ReadError::Damaged {
            file: self.input().file.clone(),
            place: Place::default(),
            detail: format!("rows that Arrow does not take ({error})"),
            help: "read fewer rows at a time".to_owned(),
        })?;
        let (presence, odd) = self.columns.take_findings();
        self.survey.add(presence, odd);
        Ok(Some(Chunk { batch, rejects }))
    }

    fn row(&mut self, line: u64) -> Option<Reject> {
        let (record, columns) = (&self.record, &mut self.columns);
        if record.len() != self.width {
            let (width, found) = (self.width, record.len());
            columns.mistakes.note(Reason::WrongFieldCount, || {
                format!("expected {width} fields as in the header, found {found}")
            });
        } else if std::str::from_utf8(record.as_slice()).is_err() {
            columns.mistakes.note(Reason::NotUtf8, || {
                "expected UTF-8, found other bytes".to_owned()
            });
        } else {
            for (column, (cell, kind)) in self.cells.iter().zip(&self.kinds).enumerate() {
                // Two fields may share a character's bytes even where the whole is UTF-8.
                let text = |field: usize| record.get(field).map(std::str::from_utf8);
                let field = match cell {
                    None => continue,
                    Some(Cell::Members(members)) => {
                        let members = members.iter().filter_map(|(key, field)| {
                            let text = text(*field)?.ok().filter(|text| !text.is_empty())?;
                            Some((key.as_str(), text))
                        });
                        put_members(columns, column, members);
                        continue;
                    }
                    Some(Cell::Field(field) | Cell::Within(field, _)) => *field,
                };
                match (text(field), cell) {
                    (None | Some(Ok("")), _) => columns.touch(column),
                    (Some(Err(_)), _) => {
                        columns.refuse(column, Reason::NotUtf8, "other bytes than UTF-8")
                    }
                    (Some(Ok(text)), Some(Cell::Within(_, node))) => {
                        wanted::within_text(node, columns, text);
                    }
                    (Some(Ok(text)), _) => match kind {
                        Kind::ListUtf8 | Kind::Entries | Kind::Json => {
                            decode::json_text(columns, column, text)
                        }
                        _ => columns.put_spelled(column, text),
                    },
                }
            }
        }
        columns.end_row(line, || raw(record))
    }
}

/// Puts together an object of which a row has the members one by one.
fn put_members<'m>(
    columns: &mut Columns,
    column: usize,
    members: impl Iterator<Item = (&'m str, &'m str)>,
) {
    columns.find(column);
    let members: Vec<_> = members
        .filter(|(_, text)| !columns.is_null_value(text))
        .collect();
    if members.is_empty() {
        return;
    }
    if columns.kind(column) == Kind::Entries {
        columns.open_list(column);
        for (key, text) in members {
            columns.item(column, &[key, "=", text]);
        }
        return;
    }
    let json = |text: &str| {
        let text = decode::python_word(text);
        decode::compacted(text).unwrap_or_else(|| {
            let mut out = Vec::new();
            super::compact::write(&mut out, text);
            out
        })
    };
    let members: Vec<_> = members
        .iter()
        .map(|(key, text)| (*key, json(text)))
        .collect();
    if let Some(out) = columns.text_buffer(column) {
        decode::write_object(out, members.iter().map(|(key, json)| (*key, &json[..])));
    }
    columns.close_text(column);
}

/// A row written as CSV again.
fn raw(record: &ByteRecord) -> String {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::Any(b'\n'))
        .from_writer(Vec::new());
    let written = writer.write_byte_record(record).is_ok();
    match writer.into_inner() {
        Ok(bytes) if written => content(bytes.trim_ascii_end()),
        _ => content(record.as_slice()),
    }
}
