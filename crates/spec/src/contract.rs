//! What a table promises: columns, key, order, and what must hold of each column.

use std::fmt;

use crate::diagnostic::{Diagnostic, Severity, Span, Spanned, did_you_mean, enumerate};
use crate::name::TableName;
use crate::read::{Cx, Map};
use crate::types::{self, ColumnType};
use crate::yaml::{Entry, Kind, Node};

/// The columns that the engine itself gives: the partition's directory and the column in the file.
pub const RESERVED_COLUMNS: [&str; 2] = ["snapshot_date", "observed_date"];

/// The contract of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contract {
    /// The columns in the order of the file; no name twice.
    pub columns: Vec<Column>,
    /// The columns that together are present and unique.
    pub key: Vec<Spanned<String>>,
    /// The columns that order the rows, ascending, nulls last; contains the key.
    pub sort: Vec<Spanned<String>>,
}

impl Contract {
    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name.value == name)
    }
}

/// A column of a contract.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// An identifier.
    pub name: Spanned<String>,
    /// Its type.
    pub data_type: ColumnType,
    /// Whether it may hold nulls.
    pub nullable: bool,
    /// What it means.
    pub description: String,
    /// What must hold of its values that are not null.
    pub checks: Vec<ColumnCheck>,
}

/// Something that must hold of the values of a column; nulls are passed over.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnCheck {
    /// What must hold.
    pub rule: ColumnRule,
    /// What follows if it does not.
    pub severity: Severity,
    /// Where it is written.
    pub span: Span,
}

/// What must hold of every value of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum ColumnRule {
    /// At least this; columns of `int64` (with an integer) and `float64`.
    Min(Number),
    /// At most this; columns of `int64` (with an integer) and `float64`.
    Max(Number),
    /// One of these; columns of `utf8`.
    Values(Vec<String>),
    /// The regular expression matches; columns of `utf8`. Whether it is one is not checked here.
    Matches(String),
    /// A value of that column, which exists and has the same type.
    References {
        /// The table.
        table: TableName,
        /// The column.
        column: String,
    },
}

/// The rule as YAML writes it: `min: 0`.
impl fmt::Display for ColumnRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Min(bound) => write!(f, "min: {bound}"),
            Self::Max(bound) => write!(f, "max: {bound}"),
            Self::Values(values) => write!(f, "values: [{}]", values.join(", ")),
            Self::Matches(pattern) => write!(f, "matches: '{pattern}'"),
            Self::References { table, column } => write!(f, "references: {table}.{column}"),
        }
    }
}

/// A number as written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// Without a fraction.
    Int(i64),
    /// With one.
    Float(f64),
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(integer) => integer.fmt(f),
            Self::Float(float) => float.fmt(f),
        }
    }
}

/// Reads `columns`, `key` and `sort`, and whether nothing is wrong with them; without `sort`,
/// tables that need none are sorted by key.
pub(crate) fn read(map: &mut Map<'_>, needs_sort: bool, cx: &mut Cx<'_>) -> (Contract, bool) {
    let before = cx.errors();
    let key_node = map.need("key");
    let sort_node = if needs_sort {
        map.need("sort")
    } else {
        map.take("sort")
    };
    let mut contract = Contract::default();
    let mut names: Vec<Spanned<String>> = Vec::new();
    if let Some(node) = map.need("columns")
        && let Some(columns) = cx.map(node, "`columns`")
    {
        let entries = columns.into_entries();
        if entries.is_empty() {
            cx.report(
                Diagnostic::error("empty-list", "`columns` is empty")
                    .at(node.span, "expected at least one column"),
            );
        }
        for entry in entries {
            let name = cx.fill(&entry.key);
            let valid = column_name(&name, &names, cx);
            names.push(name);
            if let Some(name) = valid {
                contract.columns.extend(column(name, entry, cx));
            }
        }
    }
    contract.key = key_node.map_or_else(Vec::new, |node| column_list(node, "`key`", &names, cx));
    contract.sort = match sort_node {
        Some(node) => {
            let sort = column_list(node, "`sort`", &names, cx);
            total_order(node, &contract.key, &sort, &names, cx);
            sort
        }
        None => contract.key.clone(),
    };
    let complete = cx.errors() == before && !contract.columns.is_empty();
    (contract, complete)
}

fn column_name(
    name: &Spanned<String>,
    before: &[Spanned<String>],
    cx: &mut Cx<'_>,
) -> Option<Spanned<String>> {
    let name = cx.identifier(name)?;
    if RESERVED_COLUMNS.contains(&name.as_str()) {
        cx.report(
            Diagnostic::error(
                "reserved-name",
                format!("column `{name}` is given to every table"),
            )
            .at(name.span, "declared")
            .help("leave it out"),
        );
        return None;
    }
    if let Some(first) = before.iter().find(|first| first.value == name.value) {
        cx.report(
            Diagnostic::error(
                "duplicate-column",
                format!("column `{name}` is there twice"),
            )
            .at(name.span, "and again")
            .related(first.span, "once"),
        );
        return None;
    }
    Some(name)
}

fn column(name: Spanned<String>, entry: &Entry, cx: &mut Cx<'_>) -> Option<Column> {
    let mut map = cx.named_map(entry, "a column")?;
    let data_type = map
        .need("type")
        .and_then(|node| types::column_type(node, cx));
    let nullable = map
        .take("nullable")
        .and_then(|node| cx.boolean(node, "`nullable`"));
    let description = map
        .need("description")
        .and_then(|node| cx.text(node, "`description`"));
    let mut checks = Vec::new();
    if let Some(node) = map.take("checks")
        && let Some(items) = cx.list(node, "`checks`")
    {
        for item in items {
            checks.extend(column_check(item, data_type, cx));
        }
    }
    map.finish(cx);
    Some(Column {
        name,
        data_type: data_type?,
        nullable: nullable.unwrap_or(false),
        description: description.map(|text| text.value).unwrap_or_default(),
        checks,
    })
}

fn column_check(
    node: &Node,
    data_type: Option<ColumnType>,
    cx: &mut Cx<'_>,
) -> Option<ColumnCheck> {
    let mut map = cx.map(node, "a column check")?;
    let given = [
        ("min", map.take("min")),
        ("max", map.take("max")),
        ("values", map.take("values")),
        ("matches", map.take("matches")),
        ("references", map.take("references")),
    ];
    let severity = map
        .take("severity")
        .and_then(|node| read_severity(node, cx))
        .unwrap_or_default();
    let anchor = map.anchor();
    let before = cx.errors();
    map.finish(cx);
    let mut given = given
        .into_iter()
        .filter_map(|(name, node)| Some((name, node?)));
    let (Some((name, rule)), None) = (given.next(), given.next()) else {
        if cx.errors() == before {
            cx.report(
                Diagnostic::error("bad-check", "a column check has exactly one rule")
                    .at(anchor, "expected one rule here")
                    .help("write one `{…}` for each of `min`, `max`, `values`, `matches` and `references`"),
            );
        }
        return None;
    };
    let allowed: &[ColumnType] = match name {
        "min" | "max" => &[ColumnType::Int64, ColumnType::Float64],
        "values" | "matches" => &[ColumnType::Utf8],
        _ => &ColumnType::ALL,
    };
    if let Some(data_type) = data_type.filter(|data_type| !allowed.contains(data_type)) {
        cx.report(
            Diagnostic::error(
                "bad-check",
                format!("`{name}` cannot be checked of a column of type {data_type}"),
            )
            .at(rule.span, format!("the column is {data_type}"))
            .help(format!(
                "`{name}` goes with {}",
                enumerate(allowed.iter().map(|allowed| allowed.as_str()))
            )),
        );
        return None;
    }
    let rule_span = rule.span;
    let rule = match name {
        "min" => ColumnRule::Min(number(rule, name, data_type, cx)?),
        "max" => ColumnRule::Max(number(rule, name, data_type, cx)?),
        "values" => {
            let items = cx.filled_list(rule, "`values`")?;
            let values: Vec<String> = items
                .iter()
                .filter_map(|item| cx.text(item, "a value of `values`"))
                .map(|text| text.value)
                .collect();
            ColumnRule::Values(values)
        }
        "matches" => ColumnRule::Matches(cx.text(rule, "`matches`")?.value),
        _ => {
            let reference = cx.text(rule, "`references`")?;
            let (table, column) = column_reference(&reference, cx)?;
            ColumnRule::References { table, column }
        }
    };
    Some(ColumnCheck {
        rule,
        severity,
        span: rule_span,
    })
}

fn number(
    node: &Node,
    name: &str,
    data_type: Option<ColumnType>,
    cx: &mut Cx<'_>,
) -> Option<Number> {
    match node.kind {
        Kind::Int(integer) => Some(Number::Int(integer)),
        Kind::Float(float) if data_type != Some(ColumnType::Int64) && float.is_finite() => {
            Some(Number::Float(float))
        }
        Kind::Float(_) if data_type == Some(ColumnType::Int64) => {
            cx.wrong_type(node, &format!("`{name}`"), "an integer");
            None
        }
        _ => {
            cx.wrong_type(node, &format!("`{name}`"), "a finite number");
            None
        }
    }
}

/// `error` or `warn`.
pub(crate) fn read_severity(node: &Node, cx: &mut Cx<'_>) -> Option<Severity> {
    let words = [("error", Severity::Error), ("warn", Severity::Warning)];
    cx.word(
        node,
        "`severity`",
        &words,
        &[("warning", "warn"), ("fatal", "error")],
    )
}

/// `stage.table.column`; whether there is such a column is not known here.
pub(crate) fn column_reference(
    text: &Spanned<String>,
    cx: &mut Cx<'_>,
) -> Option<(TableName, String)> {
    let parsed = text
        .rsplit_once('.')
        .and_then(|(table, column)| Some((table.parse().ok()?, column)))
        .filter(|(_, column)| crate::name::is_identifier(column));
    match parsed {
        Some((table, column)) => Some((table, column.to_owned())),
        None => {
            cx.report(
                Diagnostic::error("bad-identifier", format!("`{text}` names no column"))
                    .at(text.span, "expected `stage.table.column`"),
            );
            None
        }
    }
}

fn column_list(
    node: &Node,
    what: &str,
    columns: &[Spanned<String>],
    cx: &mut Cx<'_>,
) -> Vec<Spanned<String>> {
    let mut list: Vec<Spanned<String>> = Vec::new();
    for item in cx.filled_list(node, what).unwrap_or_default() {
        let Some(name) = cx.text(item, &format!("a column of {what}")) else {
            continue;
        };
        if list.iter().any(|before| before.value == name.value) {
            cx.report(
                Diagnostic::error("repeated-value", format!("{what} names `{name}` twice"))
                    .at(name.span, "given again"),
            );
            continue;
        }
        if !columns.is_empty() && columns.iter().all(|column| column.value != name.value) {
            let names = || columns.iter().map(|column| column.as_str());
            cx.report(
                Diagnostic::error(
                    "unknown-column",
                    format!("{what} names `{name}`, which is no column"),
                )
                .at(name.span, "not among `columns`")
                .help(
                    did_you_mean(&name, names())
                        .unwrap_or_else(|| format!("the columns are {}", enumerate(names()))),
                ),
            );
        }
        list.push(name);
    }
    list
}

/// Rows that agree in all of `sort` would stand in any order: it must contain the key.
fn total_order(
    node: &Node,
    key: &[Spanned<String>],
    sort: &[Spanned<String>],
    columns: &[Spanned<String>],
    cx: &mut Cx<'_>,
) {
    let known = |name: &Spanned<String>| columns.iter().any(|column| column.value == name.value);
    if !key.iter().chain(sort).all(known) {
        return;
    }
    let missing: Vec<&str> = key
        .iter()
        .filter(|key| sort.iter().all(|sort| sort.value != key.value))
        .map(|key| key.as_str())
        .collect();
    if sort.is_empty() || missing.is_empty() {
        return;
    }
    let missing = enumerate(missing);
    cx.report(
        Diagnostic::error(
            "sort-not-total",
            format!("`sort` lacks {missing} of the key, so the order of the rows is not total"),
        )
        .at(node.span, format!("lacks {missing}"))
        .help(format!("add {missing} at its end")),
    );
}
