//! Whence rows come: a place, a format, the columns that are read, and the query that maps them.
//!
//! # The columns of a source
//!
//! Each has a name, by which the query of the source calls it, a type, and a path if its place in a
//! row is not its name:
//!
//! ```yaml
//! columns:
//!   id: {type: utf8}
//!   base_models: {type: list<utf8>, path: "baseModels.models[].id"}
//!   parameters: {type: entries, path: safetensors.parameters, optional: true}
//! ```
//!
//! | type | what a file may hold | what the query sees |
//! | --- | --- | --- |
//! | `utf8` | text, `true` and `false` | text |
//! | `int64` | whole numbers, also spelt `12.0` or `1e3` | a whole number |
//! | `float64` | numbers | a double |
//! | `boolean` | booleans; in CSV also `True`, `TRUE`, `1` and their opposites | a boolean |
//! | `date32` | `2025-10-01`, or a timestamp, of which the date in UTC is taken | a date |
//! | `timestamp` | RFC 3339, `2025-10-01 12:00:00` (UTC), a date | a moment, in UTC |
//! | `list<utf8>` | a list of text, or one text as a list of one; booleans and numbers among texts are taken as their text | a list of text |
//! | `entries` | an object of scalars (`{"BF16": 3}`) | a list of text, `key=value` each (`BF16=3`) |
//! | `json` | anything | compact JSON text, for the functions `json_string`, `json_int`, `json_strings` and `json_texts` |
//!
//! A path descends at dots and goes over a list at `[]`, below which the values of all members are
//! one list. Where a file has a key with the dots in it (`cardData.license` as one key, as tools
//! write it that flatten rows), the path leads there too; if both are there, the nested value
//! counts unless it is null. An `entries` or `json` column that is nowhere as a whole is put
//! together of the keys that start with its path (`cardData.license` is a member of `cardData`).
//! Where the path meets a text (a CSV cell, a string in Parquet or JSON)
//! it goes on in the JSON that the text holds.
//!
//! A value that is null, absent, or below something null or absent is null. So are numbers that
//! are not finite (`NaN`), which are reported as odd, texts among the source's `null_values`, and
//! an empty CSV cell. A column that no row of a file has is reported, unless it is `optional`.

pub(crate) mod coverage;
pub(crate) mod described;
pub(crate) mod like;
pub(crate) mod location;

use std::fmt;

use crate::check::{self, RejectRule};
use crate::diagnostic::{Diagnostic, Span, Spanned, enumerate};
use crate::job::{self, Parameter};
use crate::name::{MAX_IDENTIFIER, TableName, is_identifier};
use crate::project::INGEST;
use crate::read::{Cx, Map};
use crate::reject_limit::{self, RejectLimit};
use crate::source::coverage::Coverage;
use crate::source::location::LocationTemplate;
use crate::sql::Sql;
use crate::test_case::{self, Test};
use crate::types::{self, RawType};
use crate::yaml::{Entry, Node};

/// A source of snapshots for an ingest table.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// Letters, digits and hyphens: `[a-z0-9-]+`, unique in the project.
    pub name: Spanned<String>,
    /// The source whose table, format, columns and query it has, if they are not its own.
    pub like: Option<String>,
    /// What it is.
    pub description: String,
    /// How much of the Hub its snapshots have.
    pub coverage: Coverage,
    /// Which part, in words; of a census there is none.
    pub part: Option<String>,
    /// The licence of its snapshots, as its publisher states it.
    pub license: Option<String>,
    /// The ingest table that it fills.
    pub table: Spanned<TableName>,
    /// Where its snapshots lie unless a run says otherwise.
    pub location: Spanned<LocationTemplate>,
    /// How they are written; compression is told by the file's name.
    pub format: Format,
    /// For [`Format::Json`]: the key under which the rows are; absent if the document holds them.
    pub rows: Option<String>,
    /// For [`Format::Json`]: the rows are the values of an object, not of a list (`rows: models{}`,
    /// or `rows: "{}"` if the document is that object).
    pub keyed: bool,
    /// How [`Format::Csv`] is written.
    pub csv: Csv,
    /// Texts that stand for null, in CSV cells and in texts of the other formats.
    pub null_values: Vec<String>,
    /// What is read, in the order in which `source` then has it.
    pub columns: Vec<RawColumn>,
    /// Rows that are set aside, by conditions over the raw columns.
    pub rejects: Vec<RejectRule>,
    /// How many rows may be set aside, where it is not as the table has it.
    pub reject_limit: RejectLimit,
    /// From `source` to the ingest table's columns, by name.
    pub query: Sql,
    /// The constants of the query.
    pub parameters: Vec<Parameter>,
    /// Tests of the query.
    pub tests: Vec<Test>,
    /// Whether each of the columns could be read.
    pub(crate) complete: bool,
}

/// How a source's files are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// `parquet`
    Parquet,
    /// `ndjson`: one JSON object a line.
    Ndjson,
    /// `json`: one document.
    Json,
    /// `csv`, with a header row.
    Csv,
}

impl Format {
    const WORDS: [(&'static str, Self); 4] = [
        ("parquet", Self::Parquet),
        ("ndjson", Self::Ndjson),
        ("json", Self::Json),
        ("csv", Self::Csv),
    ];

    const ELSEWHERE: [(&'static str, &'static str); 5] = [
        ("jsonl", "ndjson"),
        ("jsonlines", "ndjson"),
        ("jsonl.gz", "ndjson"),
        ("jsonl.zst", "ndjson"),
        ("csv.gz", "csv"),
    ];
}

/// The format's name in YAML.
impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Parquet => "parquet",
            Self::Ndjson => "ndjson",
            Self::Json => "json",
            Self::Csv => "csv",
        })
    }
}

/// How a source's CSV files are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Csv {
    /// What stands between fields (`delimiter`), an ASCII character.
    pub delimiter: char,
    /// Whether the decimal sign is a comma (`decimal: ","`); points then group thousands.
    pub decimal_comma: bool,
    /// Whether the last line ends in a line feed (`final_newline`), so that a file whose last line
    /// does not was cut off.
    pub final_newline: bool,
}

/// Commas, decimal points, and a last line that ends.
impl Default for Csv {
    fn default() -> Self {
        Self {
            delimiter: ',',
            decimal_comma: false,
            final_newline: true,
        }
    }
}

/// A column as a source's files have it.
#[derive(Clone, Debug, PartialEq)]
pub struct RawColumn {
    /// An identifier: its name in the query.
    pub name: Spanned<String>,
    /// The way to it in a row; at least one step, the first a key.
    pub path: Vec<PathStep>,
    /// As what it is read.
    pub data_type: RawType,
    /// Whether a file may have no row with it, which is otherwise reported.
    pub optional: bool,
    /// What it means.
    pub description: Option<String>,
}

/// A step on the way from a row to a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PathStep {
    /// Into the member of that name.
    Key(String),
    /// Into each member of a list (`[]`).
    Each,
    /// The key of the row itself, where rows are the values of an object (`{}`); it stands alone.
    RowKey,
}

pub(crate) fn read(node: &Node, cx: &mut Cx<'_>) -> Option<Source> {
    let mut map = cx.map(node, "a source")?;
    let name = map
        .need("name")
        .and_then(|node| cx.text(node, "`name`"))
        .and_then(|name| source_name(name, cx));
    let description = check::description(&mut map, cx);
    let (coverage, part) = coverage::read(&mut map, cx);
    let license = map
        .take("license")
        .and_then(|node| cx.text(node, "`license`"));
    let table = check::named(&mut map, "table", cx);
    let location = map.need("location").and_then(|node| location(node, cx));
    let format = map
        .need("format")
        .and_then(|node| cx.word(node, "`format`", &Format::WORDS, &Format::ELSEWHERE));
    let (rows, keyed) = rows_key(&mut map, format, cx);
    let csv = csv(&mut map, format, cx);
    let null_values = null_values(&mut map, cx);
    let before = cx.errors();
    let columns = columns(&mut map, cx);
    let complete = cx.errors() == before && !columns.is_empty();
    for column in &columns {
        if column.path.contains(&PathStep::RowKey) && !keyed {
            cx.report(
                Diagnostic::error("bad-path", "rows of a list have no key")
                    .at(column.name.span, "its path is the key of the row")
                    .help("with `rows: \"{}\"` the rows are the values of an object"),
            );
        }
    }
    let rejects = check::rejects(&mut map, cx);
    let reject_limit = reject_limit::read(&mut map, cx);
    let query = map.need("query").and_then(|node| cx.sql(node, "`query`"));
    let parameters = job::parameters(&mut map, cx);
    let tests = test_case::read(&mut map, cx);
    let anchor = map.anchor();
    map.finish(cx);
    let table = table?;
    let table = Spanned::new(TableName::new(INGEST, &table).ok()?, table.span);
    Some(Source {
        name: name?,
        like: None,
        description,
        coverage,
        part,
        license: license.map(|license| license.value),
        table,
        location: location?,
        format: format.unwrap_or(Format::Ndjson),
        rows,
        keyed,
        csv,
        null_values,
        columns,
        rejects,
        reject_limit,
        query: query.unwrap_or_else(|| Sql::unmapped("", anchor)),
        parameters,
        tests,
        complete,
    })
}

pub(crate) fn source_name(name: Spanned<String>, cx: &mut Cx<'_>) -> Option<Spanned<String>> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if name.len() <= MAX_IDENTIFIER && name.bytes().all(allowed) {
        return Some(name);
    }
    cx.report(
        Diagnostic::error("bad-identifier", format!("`{name}` cannot name a source"))
            .at(name.span, "expected lowercase letters, digits and `-`"),
    );
    None
}

pub(crate) fn location(node: &Node, cx: &mut Cx<'_>) -> Option<Spanned<LocationTemplate>> {
    let text = cx.plain_text(node, "`location`")?;
    parsed_location(text, cx)
}

/// The location that a text is, otherwise a report.
pub(crate) fn parsed_location(
    text: Spanned<String>,
    cx: &mut Cx<'_>,
) -> Option<Spanned<LocationTemplate>> {
    match text.parse::<LocationTemplate>() {
        Ok(location) => {
            if !location.has_date() {
                cx.report(
                    Diagnostic::warning(
                        "location-without-date",
                        "the location lacks `{date}`: every snapshot is read from the same place",
                    )
                    .at(text.span, "the same for all dates"),
                );
            }
            Some(Spanned::new(location, text.span))
        }
        Err(error) => {
            let at = match &error {
                crate::LocationError::Placeholder(placeholder) => {
                    cx.find_in(text.span, placeholder)
                }
                crate::LocationError::Wildcard => cx.find_in(text.span, "*"),
                crate::LocationError::Blank => text.span,
            };
            cx.report(Diagnostic::error("bad-location", format!("{error}")).at(at, ""));
            None
        }
    }
}

/// The key of the rows, and whether what is there is an object.
fn rows_key(map: &mut Map<'_>, format: Option<Format>, cx: &mut Cx<'_>) -> (Option<String>, bool) {
    let Some(rows) = map.take("rows").and_then(|node| cx.text(node, "`rows`")) else {
        return (None, false);
    };
    if let Some(misplaced) = misplaced("rows", Format::Json, rows.span, format) {
        cx.report(misplaced.help("it names the key of a json document under which the rows are"));
    }
    match rows.value.strip_suffix("{}") {
        Some("") => (None, true),
        Some(key) => (Some(key.to_owned()), true),
        None => (Some(rows.value), false),
    }
}

/// The report of a key that is there for another format only.
fn misplaced(key: &str, belongs: Format, span: Span, format: Option<Format>) -> Option<Diagnostic> {
    let format = format.filter(|format| *format != belongs)?;
    Some(
        Diagnostic::error(
            "misplaced-key",
            format!("`{key}` has no meaning for {format}"),
        )
        .at(span, ""),
    )
}

fn csv(map: &mut Map<'_>, format: Option<Format>, cx: &mut Cx<'_>) -> Csv {
    let mut csv = Csv::default();
    if let Some(node) = of_csv("delimiter", map, format, cx)
        && let Some(text) = cx.plain_text(node, "`delimiter`")
    {
        let mut characters = text.chars();
        match (characters.next(), characters.next()) {
            (Some(one), None) if is_delimiter(one) => csv.delimiter = one,
            _ => cx.report(
                Diagnostic::error(
                    "bad-delimiter",
                    format!("{:?} cannot stand between fields", text.value),
                )
                .at(
                    text.span,
                    "expected one ASCII character such as `;` or `\"\\t\"`",
                ),
            ),
        }
    }
    if let Some(node) = of_csv("decimal", map, format, cx) {
        let signs = [(".", false), (",", true)];
        if let Some(comma) = cx.word(node, "`decimal`", &signs, &[]) {
            csv.decimal_comma = comma;
        }
    }
    if let Some(node) = of_csv("final_newline", map, format, cx) {
        csv.final_newline = cx.boolean(node, "`final_newline`").unwrap_or(true);
    }
    csv
}

/// What stands under a key that has a meaning for CSV only.
fn of_csv<'n>(
    key: &'static str,
    map: &mut Map<'n>,
    format: Option<Format>,
    cx: &mut Cx<'_>,
) -> Option<&'n Node> {
    let node = map.take(key)?;
    if let Some(misplaced) = misplaced(key, Format::Csv, node.span, format) {
        cx.report(misplaced.help("it says how csv is written"));
    }
    Some(node)
}

fn is_delimiter(character: char) -> bool {
    character.is_ascii() && !character.is_ascii_alphanumeric() && !"\"\r\n".contains(character)
}

fn null_values(map: &mut Map<'_>, cx: &mut Cx<'_>) -> Vec<String> {
    let Some(items) = map
        .take("null_values")
        .and_then(|node| cx.list(node, "`null_values`"))
    else {
        return Vec::new();
    };
    let text = |item| cx.plain_text(item, "a null value").map(|text| text.value);
    items.iter().filter_map(text).collect()
}

fn columns(map: &mut Map<'_>, cx: &mut Cx<'_>) -> Vec<RawColumn> {
    let mut columns: Vec<RawColumn> = Vec::new();
    let Some(node) = map.need("columns") else {
        return columns;
    };
    let Some(map) = cx.map(node, "`columns`") else {
        return columns;
    };
    let entries = map.into_entries();
    if entries.is_empty() {
        cx.report(
            Diagnostic::error("empty-list", "`columns` is empty")
                .at(node.span, "expected at least one column"),
        );
    }
    for entry in entries {
        columns.extend(column(entry, cx));
    }
    columns
}

fn column(entry: &Entry, cx: &mut Cx<'_>) -> Option<RawColumn> {
    if !is_identifier(&entry.key) {
        cx.report(
            Diagnostic::error(
                "bad-identifier",
                format!("`{}` is no identifier", entry.key),
            )
            .at(
                entry.key.span,
                "expected a lowercase letter, then lowercase letters, digits or `_`",
            )
            .help(format!(
                "name it as you like and say where it is: `{{type: …, path: {}}}`",
                entry.key
            )),
        );
        return None;
    }
    let name = entry.key.clone();
    let mut map = cx.named_map(entry, "a raw column")?;
    let data_type = map.need("type").and_then(|node| types::raw_type(node, cx));
    let path = match map.take("path") {
        Some(node) => cx.text(node, "`path`").and_then(|text| path(&text, cx)),
        None => Some(vec![PathStep::Key(entry.key.value.clone())]),
    };
    let optional = map
        .take("optional")
        .and_then(|node| cx.boolean(node, "`optional`"))
        .unwrap_or(false);
    let description = check::optional_description(&mut map, cx);
    let path_span = map.take("path").map_or(entry.key.span, |node| node.span);
    map.finish(cx);
    let (data_type, path) = (data_type?, path?);
    let lists = [RawType::ListUtf8, RawType::Json];
    if path.contains(&PathStep::Each) && !lists.contains(&data_type) {
        cx.report(
            Diagnostic::error(
                "bad-path",
                format!("a path with `[]` gives a list, not {data_type}"),
            )
            .at(path_span, "gives a list")
            .help(format!(
                "its type is {}",
                enumerate(["list<utf8>", "json"]).replace("and", "or")
            )),
        );
    }
    Some(RawColumn {
        name,
        path,
        data_type,
        optional,
        description,
    })
}

/// `baseModels.models[].id`, or `{}`.
fn path(text: &Spanned<String>, cx: &mut Cx<'_>) -> Option<Vec<PathStep>> {
    if text.value == "{}" {
        return Some(vec![PathStep::RowKey]);
    }
    let mut steps = Vec::new();
    for part in text.split('.') {
        let key = part.trim_end_matches("[]");
        if key.is_empty() || key.contains(['[', ']']) {
            cx.report(
                Diagnostic::error("bad-path", format!("`{text}` is no path"))
                    .at(
                        text.span,
                        "expected keys with dots between them, `[]` after a list",
                    )
                    .help("for instance `baseModels.models[].id`"),
            );
            return None;
        }
        steps.push(PathStep::Key(key.to_owned()));
        let each = (part.len() - key.len()) / 2;
        steps.extend(std::iter::repeat_n(PathStep::Each, each));
    }
    Some(steps)
}
