//! The types that a column can have, as contracts and as sources write them.

use std::fmt;

use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::read::{Cx, named_elsewhere};
use crate::yaml::Node;

/// The type of a column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ColumnType {
    /// `utf8`: text.
    Utf8,
    /// `int64`: 64-bit signed integer.
    Int64,
    /// `float64`: double-precision number.
    Float64,
    /// `boolean`
    Boolean,
    /// `date32`: calendar date.
    Date32,
    /// `timestamp`: microseconds, UTC.
    Timestamp,
    /// `list<utf8>`: list of texts.
    ListUtf8,
}

impl ColumnType {
    /// Every type, in the order in which messages name them.
    pub const ALL: [Self; 7] = [
        Self::Utf8,
        Self::Int64,
        Self::Float64,
        Self::Boolean,
        Self::Date32,
        Self::Timestamp,
        Self::ListUtf8,
    ];

    /// The type's name in YAML.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Utf8 => "utf8",
            Self::Int64 => "int64",
            Self::Float64 => "float64",
            Self::Boolean => "boolean",
            Self::Date32 => "date32",
            Self::Timestamp => "timestamp",
            Self::ListUtf8 => "list<utf8>",
        }
    }
}

/// The type's name in YAML.
impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The type as which a source's column is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RawType {
    /// `utf8`
    Utf8,
    /// `int64`; doubles without a fraction count as integers.
    Int64,
    /// `float64`
    Float64,
    /// `boolean`
    Boolean,
    /// `date32`
    Date32,
    /// `timestamp`
    Timestamp,
    /// `list<utf8>`
    ListUtf8,
    /// `entries`: an object of scalars as a list of `key=value`, nulls left out.
    Entries,
    /// `json`: any value as compact JSON text.
    Json,
}

impl RawType {
    /// Every type, in the order in which messages name them.
    pub const ALL: [Self; 9] = [
        Self::Utf8,
        Self::Int64,
        Self::Float64,
        Self::Boolean,
        Self::Date32,
        Self::Timestamp,
        Self::ListUtf8,
        Self::Entries,
        Self::Json,
    ];

    /// The type's name in YAML.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Entries => "entries",
            Self::Json => "json",
            _ => self.column_type().as_str(),
        }
    }

    /// The type that the column then has in SQL.
    pub const fn column_type(self) -> ColumnType {
        match self {
            Self::Utf8 | Self::Json => ColumnType::Utf8,
            Self::Int64 => ColumnType::Int64,
            Self::Float64 => ColumnType::Float64,
            Self::Boolean => ColumnType::Boolean,
            Self::Date32 => ColumnType::Date32,
            Self::Timestamp => ColumnType::Timestamp,
            Self::ListUtf8 | Self::Entries => ColumnType::ListUtf8,
        }
    }
}

/// The type's name in YAML.
impl fmt::Display for RawType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

pub(crate) fn column_type(node: &Node, cx: &mut Cx<'_>) -> Option<ColumnType> {
    named(node, cx, &ColumnType::ALL.map(|t| (t.as_str(), t)))
}

pub(crate) fn raw_type(node: &Node, cx: &mut Cx<'_>) -> Option<RawType> {
    named(node, cx, &RawType::ALL.map(|t| (t.as_str(), t)))
}

/// What the same type is called elsewhere.
const ELSEWHERE: [(&str, &str); 22] = [
    ("array", "list<utf8>"),
    ("bigint", "int64"),
    ("bool", "boolean"),
    ("date", "date32"),
    ("datetime", "timestamp"),
    ("double", "float64"),
    ("double precision", "float64"),
    ("float", "float64"),
    ("float32", "float64"),
    ("int", "int64"),
    ("int32", "int64"),
    ("integer", "int64"),
    ("list", "list<utf8>"),
    ("list<string>", "list<utf8>"),
    ("long", "int64"),
    ("number", "float64"),
    ("object", "entries"),
    ("str", "utf8"),
    ("string", "utf8"),
    ("struct", "entries"),
    ("text", "utf8"),
    ("varchar", "utf8"),
];

fn named<T: Copy>(node: &Node, cx: &mut Cx<'_>, types: &[(&str, T)]) -> Option<T> {
    let text = cx.text(node, "`type`")?;
    if let Some((_, found)) = types.iter().find(|(name, _)| *name == text.value) {
        return Some(*found);
    }
    let names = || types.iter().map(|(name, _)| *name);
    let known = |(_, ours): &&(&str, &str)| names().any(|known| known == *ours);
    let elsewhere: Vec<(&str, &str)> = ELSEWHERE.iter().filter(known).copied().collect();
    let elsewhere = named_elsewhere(&text, &elsewhere);
    cx.report(
        Diagnostic::error("unknown-type", format!("unknown type `{text}`"))
            .at(text.span, "unknown type")
            .maybe_help(elsewhere.or_else(|| did_you_mean(&text, names())))
            .help(format!(
                "the types are {}",
                crate::diagnostic::enumerate(names())
            )),
    );
    None
}
