//! Snapshot files as typed Arrow batches, rows that do not fit set aside.
//!
//! A [`Request`] names the fields wanted and where in a row each is; [`open`] looks at a file and
//! gives a [`Reader`]; its [`Partition`]s decode side by side, each an iterator of [`Chunk`]s.
//!
//! ```no_run
//! # use hubcensus_hub::read::{Field, Format, Kind, ReadError, Request, open};
//! # fn main() -> Result<(), ReadError> {
//! let request = Request::new(
//!     vec![
//!         Field::new("id", "id", Kind::Utf8),
//!         Field::new("base_models", "baseModels.models[].id", Kind::ListUtf8),
//!     ],
//!     Format::Parquet,
//! );
//! let reader = open("models.parquet".as_ref(), "models.parquet", &request)?;
//! for partition in reader.split(2) {
//!     for chunk in partition {
//!         let chunk = chunk?;
//!         println!("{} rows, {} set aside", chunk.batch.num_rows(), chunk.rejects.len());
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What fits
//!
//! Types are strict, the spelling of numbers is not:
//!
//! | kind | takes | and rejects |
//! | --- | --- | --- |
//! | `Utf8` | text, `true` and `false` | numbers, lists, objects |
//! | `Int64` | whole numbers, also as `12.0` or `1e3`, decimals without a fraction | fractions, what exceeds an `i64`, text |
//! | `Float64` | numbers | text |
//! | `Boolean` | booleans | everything else |
//! | `Date32`, `Timestamp` | RFC 3339 with offset, `YYYY-MM-DD HH:MM:SS[.fff]` (UTC), `YYYY-MM-DD`; in Parquet also dates and timestamps of any unit | other text, numbers, moments outside 1970 to 2199, dates outside 1000 to 2999 |
//! | `ListUtf8` | lists of text, what is no list as a list of one; nulls inside are dropped | nothing |
//! | `Entries` | objects of scalars, as `key=value` in the order of the document; null members are left out | lists, nested members |
//! | `Json` | anything, as compact JSON text | deeper than 128 levels |
//!
//! In CSV everything is text, so it is parsed to the kind (`true`, `True`, `TRUE`, `1` and their
//! opposites are booleans; a list, entries and JSON are written as JSON, a list may also be its
//! only member), and an empty field is null. In Parquet a text column read as `Json`, `Entries` or
//! `ListUtf8` likewise holds JSON (or the only member).
//!
//! A field that is absent, null, or below something absent or null, is null; so is a text among
//! [`Request::null_values`]. Below a list (`[]`) the members' values are gathered in one list; what
//! is no list there counts as a list of one. Of a repeated key in a JSON object the last counts
//! (below `[]` both do).
//!
//! # Where values are looked for
//!
//! A path such as `card.model.name` also leads to keys (of CSV and Parquet, to columns) that are
//! several of its own joined by dots: `card.model` and in it `name`, `card` and in it `model.name`,
//! or `card.model.name`, in that order after `card`, `model`, `name`; the first that is not null
//! counts. In CSV the longest name counts. Entries and JSON that are nowhere as a whole are made of
//! the keys that start with the path and a dot (`card.license` is the member `license` of `card`);
//! so is text in CSV and Parquet, where it may hold JSON. Where a path meets a text, it goes on in the JSON object
//! that the text holds.
//!
//! # What is odd
//!
//! Some values are taken otherwise than they stand in the file, without costing the row
//! ([`Oddity`]): numbers that are not finite, also as bare `NaN` and `Infinity` in JSON, are null;
//! booleans and numbers in a list of text are taken as their text (YAML 1.1 makes `no`, Norwegian,
//! a boolean); other members of a list that do not fit are left out; a text that a path goes into
//! and that is no JSON object gives nulls. The [`Survey`] counts them, and names the columns that
//! no row has.
//!
//! # What fails
//!
//! A row that does not fit becomes a [`Reject`] and the rest goes on. A file that is not what its
//! name says, or is cut off, is a [`ReadError`]: then the rows that came before count for nothing.
//! Where Parquet pages have checksums, those that are read are compared with them.

mod blocks;
mod cast;
mod columns;
mod compact;
mod decode;
mod delimited;
mod document;
mod error;
mod feed;
mod input;
mod members;
mod parquet;
mod plan;
mod quiet;
mod reject;
mod repair;
mod scalar;
mod survey;
mod text;
mod view;
mod wanted;

use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field as ArrowField, Schema, SchemaRef, TimeUnit};

pub use error::{Place, ReadError};
pub use reject::{Reason, Reject};
pub(crate) use scalar::{integral, whole_number};
pub use survey::{Absent, Odd, Oddity, Survey};

/// The name of the column that holds each row's number.
///
/// The number is that of the line on which the row starts in NDJSON and CSV (a CSV header is line
/// 1), of the row in Parquet, of the member of the list in a JSON document; the first is 1.
pub const ROW: &str = "_row";

/// One step from a row to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Into the member of an object or struct that has this key.
    Key(String),
    /// Into every member of a list.
    Each,
    /// To the key of the row itself, where the rows are the values of an object; it stands alone.
    RowKey,
}

impl Step {
    /// The steps of a path such as `info.downloads` or `baseModels.models[].id`: dots descend, `[]`
    /// goes over a list, and `{}` alone is the row's key.
    pub fn parse_path(path: &str) -> Vec<Step> {
        if path == "{}" {
            return vec![Step::RowKey];
        }
        let mut steps = Vec::new();
        for part in path.split('.') {
            let key = part.trim_end_matches("[]");
            if !key.is_empty() || !part.ends_with("[]") {
                steps.push(Step::Key(key.to_owned()));
            }
            steps.extend(std::iter::repeat_n(
                Step::Each,
                (part.len() - key.len()) / 2,
            ));
        }
        steps
    }

    /// The path as it is written.
    pub fn show_path(path: &[Step]) -> String {
        let mut shown = String::new();
        for step in path {
            match step {
                Step::Key(key) => {
                    if !shown.is_empty() {
                        shown.push('.');
                    }
                    shown.push_str(key);
                }
                Step::Each => shown.push_str("[]"),
                Step::RowKey => shown.push_str("{}"),
            }
        }
        shown
    }
}

/// What a field's values are read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Utf8,
    /// Whole numbers.
    Int64,
    /// Numbers, finite.
    Float64,
    /// True or false.
    Boolean,
    /// Calendar dates; of a moment its date in UTC.
    Date32,
    /// Moments, in microseconds, UTC.
    Timestamp,
    /// Lists of text.
    ListUtf8,
    /// Objects of scalars, as a list of `key=value`.
    Entries,
    /// Anything, as compact JSON text.
    Json,
}

impl Kind {
    /// The Arrow type of a column of this kind.
    pub fn data_type(self) -> DataType {
        match self {
            Kind::Utf8 | Kind::Json => DataType::Utf8,
            Kind::Int64 => DataType::Int64,
            Kind::Float64 => DataType::Float64,
            Kind::Boolean => DataType::Boolean,
            Kind::Date32 => DataType::Date32,
            Kind::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Kind::ListUtf8 | Kind::Entries => DataType::List(list_item()),
        }
    }

    /// Whether a value of this kind may be an object as a whole.
    fn is_object(self) -> bool {
        matches!(self, Kind::Entries | Kind::Json)
    }

    /// What a value of this kind is called in messages.
    fn expected(self) -> &'static str {
        match self {
            Kind::Utf8 => "text",
            Kind::Int64 => "a whole number",
            Kind::Float64 => "a number",
            Kind::Boolean => "true or false",
            Kind::Date32 => "a date",
            Kind::Timestamp => "a timestamp",
            Kind::ListUtf8 => "a list of text",
            Kind::Entries => "an object of scalars",
            Kind::Json => "JSON",
        }
    }
}

/// The member field of every list column.
fn list_item() -> Arc<ArrowField> {
    Arc::new(ArrowField::new("item", DataType::Utf8, true))
}

/// A column wanted of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The column's name in the batches.
    pub name: String,
    /// Where the value is in a row. In CSV the keys, joined by dots, are the header's name.
    pub path: Vec<Step>,
    /// What it is read as. Below a list only [`Kind::ListUtf8`] is possible.
    pub kind: Kind,
}

impl Field {
    /// A field at a path written as for [`Step::parse_path`].
    pub fn new(name: impl Into<String>, path: &str, kind: Kind) -> Self {
        Field {
            name: name.into(),
            path: Step::parse_path(path),
            kind,
        }
    }
}

/// How a file's rows are written. Compression is told by the file's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// Apache Parquet.
    Parquet,
    /// One JSON object a line; blank lines are nothing.
    Ndjson,
    /// One JSON document.
    Json {
        /// The key of the document's object under which the rows are; without one the document
        /// holds them.
        rows: Option<String>,
        /// The rows are the values of an object, not of a list.
        keyed: bool,
    },
    /// Comma-separated values as in RFC 4180, with a header.
    Csv,
}

/// What is wanted of a file.
#[derive(Debug, Clone)]
pub struct Request {
    /// The columns, in the order of the batches.
    pub fields: Vec<Field>,
    /// How the file is written.
    pub format: Format,
    /// The most rows in one chunk, those set aside included; at least one.
    pub batch_rows: usize,
    /// The most bytes that one row may have in NDJSON, JSON and CSV.
    pub max_row_bytes: usize,
    /// Texts that stand for null, as they are, whatever a column's kind. In CSV the empty one does
    /// anyway. Not looked for within JSON text that is kept as it is.
    pub null_values: Vec<String>,
    /// How CSV is written.
    pub csv: Csv,
}

/// How a CSV file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Csv {
    /// What stands between fields, an ASCII character.
    pub delimiter: u8,
    /// The decimal sign is a comma, and points group thousands: `1.234,5`.
    pub decimal_comma: bool,
    /// The last line ends as all others do; a file whose last line does not is cut off. Otherwise
    /// a file that was cut off within its last field cannot be told from one that was not.
    pub final_newline: bool,
}

/// Commas, decimal points, and a last line that ends.
impl Default for Csv {
    fn default() -> Self {
        Csv {
            delimiter: b',',
            decimal_comma: false,
            final_newline: true,
        }
    }
}

impl Request {
    /// A request with batches of 8,192 rows, and rows of at most 64 MiB.
    pub fn new(fields: Vec<Field>, format: Format) -> Self {
        Request {
            fields,
            format,
            batch_rows: 8_192,
            max_row_bytes: 64 << 20,
            null_values: Vec::new(),
            csv: Csv::default(),
        }
    }

    /// How numbers are spelt in text.
    fn spelling(&self) -> scalar::Spelling {
        scalar::Spelling {
            decimal_comma: self.format == Format::Csv && self.csv.decimal_comma,
        }
    }

    /// The schema of the batches: the fields, all nullable, and [`ROW`].
    pub fn schema(&self) -> SchemaRef {
        let field = |field: &Field| ArrowField::new(&field.name, field.kind.data_type(), true);
        let row = ArrowField::new(ROW, DataType::Int64, false);
        Arc::new(Schema::new(
            self.fields
                .iter()
                .map(field)
                .chain([row])
                .collect::<Vec<_>>(),
        ))
    }

    /// A mistake in the request itself, if there is one.
    fn mistake(&self) -> Option<String> {
        let mut names = std::collections::BTreeSet::from([ROW]);
        for Field { name, path, kind } in &self.fields {
            if !names.insert(name) {
                return Some(format!("two columns are named `{name}`"));
            }
            let keyed = matches!(self.format, Format::Json { keyed: true, .. });
            if keyed && path.as_slice() == [Step::RowKey] {
                continue;
            }
            if path.contains(&Step::RowKey) {
                return Some(format!(
                    "column `{name}` is the key of the row, and rows have none here"
                ));
            }
            if !matches!(path.first(), Some(Step::Key(key)) if !key.is_empty()) {
                return Some(format!(
                    "the path of column `{name}` does not start with a key"
                ));
            }
            if path.contains(&Step::Each) && *kind != Kind::ListUtf8 {
                return Some(format!(
                    "column `{name}` is below a list (`[]`), so its type must be a list of text"
                ));
            }
        }
        let delimiter = char::from(self.csv.delimiter);
        if !delimiter.is_ascii() || "\"\r\n".contains(delimiter) || delimiter.is_alphanumeric() {
            return Some(format!(
                "{delimiter:?} cannot stand between the fields of CSV"
            ));
        }
        None
    }
}

/// Some rows of a file.
#[derive(Debug)]
pub struct Chunk {
    /// The rows that fit: the fields by name, then [`ROW`], rising.
    pub batch: RecordBatch,
    /// The rows that do not, in the file's order.
    pub rejects: Vec<Reject>,
}

/// A file that was looked at and is about to be read.
pub struct Reader {
    schema: SchemaRef,
    source: Source,
    survey: Arc<Survey>,
}

enum Source {
    Parquet(parquet::ParquetSource),
    Text(Box<text::TextSource>),
    Csv(Box<delimited::CsvSource>),
}

/// Opens a file and looks at its beginning (of Parquet, at its end too).
///
/// Compression is told by the name of `path`, or else of `shown_as`: `.gz` (any number of members)
/// or `.zst` (any number of frames). Messages call the file `shown_as`.
///
/// # Errors
///
/// The file is missing, empty, or not what its name and the request's format say; or the request
/// contradicts itself.
pub fn open(path: &Path, shown_as: &str, request: &Request) -> Result<Reader, ReadError> {
    if let Some(mistake) = request.mistake() {
        return Err(ReadError::Request {
            file: shown_as.to_owned(),
            mistake,
        });
    }
    let input = input::Input::open(path, shown_as)?;
    let survey = Arc::new(Survey::new(&request.fields));
    let shared = Arc::clone(&survey);
    let source = match &request.format {
        Format::Parquet => Source::Parquet(parquet::ParquetSource::open(input, request, shared)?),
        Format::Ndjson => Source::Text(text::TextSource::lines(input, request, shared)?.into()),
        Format::Json { rows, keyed } => {
            let rows = rows.as_deref();
            let source = text::TextSource::document(input, rows, *keyed, request, shared)?;
            Source::Text(source.into())
        }
        Format::Csv => Source::Csv(delimited::CsvSource::open(input, request, shared)?.into()),
    };
    Ok(Reader {
        schema: request.schema(),
        source,
        survey,
    })
}

impl Reader {
    /// The schema of every batch.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// The number of rows, where the file says it (Parquet).
    pub fn rows(&self) -> Option<u64> {
        match &self.source {
            Source::Parquet(source) => Some(source.rows()),
            Source::Text(_) | Source::Csv(_) => None,
        }
    }

    /// What is found beside the rows, complete when all partitions are read.
    pub fn survey(&self) -> Arc<Survey> {
        Arc::clone(&self.survey)
    }

    /// At most `n` partitions that together give every row once, to be read side by side.
    ///
    /// Partitions of Parquet are ranges of rows. Those of NDJSON and of a JSON document take blocks
    /// of rows from the file in turn, so which rows a partition gives differs from run to run, and
    /// the file is read to its end when all of them are. CSV has one.
    pub fn split(self, n: usize) -> Vec<Partition> {
        let n = n.max(1);
        let partition = |rows| Partition { rows, ended: false };
        match self.source {
            Source::Parquet(source) => source
                .split(n)
                .into_iter()
                .map(|p| partition(Rows::Parquet(p)))
                .collect(),
            Source::Text(source) => source
                .split(n)
                .into_iter()
                .map(|p| partition(Rows::Text(p.into())))
                .collect(),
            Source::Csv(source) => vec![partition(Rows::Csv(source))],
        }
    }
}

/// A part of a file's rows, chunk by chunk. Nothing follows an error.
pub struct Partition {
    rows: Rows,
    ended: bool,
}

enum Rows {
    Parquet(parquet::ParquetRows),
    Text(Box<text::TextRows>),
    Csv(Box<delimited::CsvSource>),
}

impl Iterator for Partition {
    type Item = Result<Chunk, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let chunk = match &mut self.rows {
            Rows::Parquet(rows) => rows.chunk(),
            Rows::Text(rows) => rows.chunk(),
            Rows::Csv(rows) => rows.chunk(),
        };
        self.ended = !matches!(chunk, Ok(Some(_)));
        chunk.transpose()
    }
}
