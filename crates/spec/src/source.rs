//! Whence rows come: a place, a format, the columns that are read, and the query that maps them.

use std::fmt;

use crate::check::{self, RejectRule};
use crate::diagnostic::{Diagnostic, Spanned, enumerate};
use crate::location::LocationTemplate;
use crate::name::{MAX_IDENTIFIER, TableName, is_identifier};
use crate::project::INGEST;
use crate::read::{Cx, Map};
use crate::sql::Sql;
use crate::test_case::{self, Test};
use crate::types::{self, RawType};
use crate::yaml::{Entry, Node};

/// A source of snapshots for an ingest table.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// Letters, digits and hyphens: `[a-z0-9-]+`, unique in the project.
    pub name: Spanned<String>,
    /// What it is.
    pub description: String,
    /// The ingest table that it fills.
    pub table: Spanned<TableName>,
    /// Where its snapshots lie unless a run says otherwise.
    pub location: Spanned<LocationTemplate>,
    /// How they are written; compression is told by the file's name.
    pub format: Format,
    /// For [`Format::Json`]: the key under which the rows are; absent if the document is the list.
    pub rows: Option<String>,
    /// What is read, in the order in which `source` then has it.
    pub columns: Vec<RawColumn>,
    /// Rows that are set aside, by conditions over the raw columns.
    pub rejects: Vec<RejectRule>,
    /// From `source` to the ingest table's columns, by name.
    pub query: Sql,
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

/// A column as a source's files have it.
#[derive(Clone, Debug, PartialEq)]
pub struct RawColumn {
    /// An identifier: its name in the query.
    pub name: Spanned<String>,
    /// The way to it in a row; at least one step, the first a key.
    pub path: Vec<PathStep>,
    /// As what it is read.
    pub data_type: RawType,
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
}

pub(crate) fn read(node: &Node, cx: &mut Cx<'_>) -> Option<Source> {
    let mut map = cx.map(node, "a source")?;
    let name = map
        .need("name")
        .and_then(|node| cx.text(node, "`name`"))
        .and_then(|name| source_name(name, cx));
    let description = check::description(&mut map, cx);
    let table = check::named(&mut map, "table", cx);
    let location = map.need("location").and_then(|node| location(node, cx));
    let format = map
        .need("format")
        .and_then(|node| cx.word(node, "`format`", &Format::WORDS, &Format::ELSEWHERE));
    let rows = rows_key(&mut map, format, cx);
    let before = cx.errors();
    let columns = columns(&mut map, cx);
    let complete = cx.errors() == before && !columns.is_empty();
    let rejects = check::rejects(&mut map, cx);
    let query = map.need("query").and_then(|node| cx.sql(node, "`query`"));
    let tests = test_case::read(&mut map, cx);
    let anchor = map.anchor();
    map.finish(cx);
    let table = table?;
    let table = Spanned::new(TableName::new(INGEST, &table).ok()?, table.span);
    Some(Source {
        name: name?,
        description,
        table,
        location: location?,
        format: format.unwrap_or(Format::Ndjson),
        rows,
        columns,
        rejects,
        query: query.unwrap_or_else(|| Sql::unmapped("", anchor)),
        tests,
        complete,
    })
}

fn source_name(name: Spanned<String>, cx: &mut Cx<'_>) -> Option<Spanned<String>> {
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

fn location(node: &Node, cx: &mut Cx<'_>) -> Option<Spanned<LocationTemplate>> {
    let text = cx.plain_text(node, "`location`")?;
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
                crate::LocationError::Blank => text.span,
            };
            cx.report(Diagnostic::error("bad-location", format!("{error}")).at(at, ""));
            None
        }
    }
}

fn rows_key(map: &mut Map<'_>, format: Option<Format>, cx: &mut Cx<'_>) -> Option<String> {
    let rows = cx.text(map.take("rows")?, "`rows`")?;
    if let Some(format) = format.filter(|format| *format != Format::Json) {
        cx.report(
            Diagnostic::error(
                "misplaced-key",
                format!("`rows` has no meaning for {format}"),
            )
            .at(rows.span, "")
            .help("it names the key of a json document under which the rows are"),
        );
    }
    Some(rows.value)
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
        description,
    })
}

/// `baseModels.models[].id`
fn path(text: &Spanned<String>, cx: &mut Cx<'_>) -> Option<Vec<PathStep>> {
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
