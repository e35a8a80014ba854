//! A table that a query makes.

use crate::chart::{self, Chart};
use crate::check::{self, Check};
use crate::contract::{self, Contract, RESERVED_COLUMNS};
use crate::diagnostic::{Diagnostic, Spanned};
use crate::history::{self, Given, History, table_name};
use crate::matrix;
use crate::name::TableName;
use crate::read::{Cx, Map};
use crate::scalar::{self, Scalar};
use crate::sql::Sql;
use crate::table;
use crate::test_case::{self, Test};
use crate::types::{self, ColumnType};
use crate::yaml::{Entry, Kind, Node};

/// A query and the table that it makes, one partition per snapshot date.
///
/// A job with a `matrix` stands here once for each combination, placeholders filled.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// The table that it makes.
    pub name: Spanned<TableName>,
    /// The name as written, with its placeholders, if there is a matrix.
    pub family: Option<String>,
    /// What the table says.
    pub description: String,
    /// The section of lists of tables that it belongs to: that of its file.
    pub section: Option<String>,
    /// Whether it is there for other tables, so that lists for readers put it last.
    pub intermediate: bool,
    /// The query.
    pub query: Sql,
    /// The table's contract.
    pub contract: Contract,
    /// The query's `$name` placeholders, apart from `$snapshot_date`.
    pub parameters: Vec<Parameter>,
    /// The tables of which other snapshots are read too, and which.
    pub history: Vec<(Spanned<TableName>, History)>,
    /// The tables that a snapshot may lack: one that was skipped is read as one without rows, where
    /// the job would be skipped too.
    pub optional: Vec<Spanned<TableName>>,
    /// What must be there in a snapshot; else the job is skipped for it.
    pub needs: Vec<Need>,
    /// Why a snapshot has no row of it: then the job is skipped for that snapshot and this is the
    /// reason. Without it, no rows are a table.
    pub skip_if_empty: Option<String>,
    /// The figures that are drawn of the table.
    pub charts: Vec<Chart>,
    /// What must hold of the table.
    pub checks: Vec<Check>,
    /// Tests of the query.
    pub tests: Vec<Test>,
}

/// Columns one of which must not be wholly null.
#[derive(Clone, Debug, PartialEq)]
pub struct Need {
    /// At least one.
    pub either: Vec<Spanned<(TableName, String)>>,
    /// A text column of the same table, whose first value is the reason for which the job is
    /// skipped (`{column: stage.table.column, because: column}`).
    pub because: Option<Spanned<(TableName, String)>>,
}

/// A value that a query has by name, as `$name`.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// An identifier, without the `$`.
    pub name: Spanned<String>,
    /// Its type.
    pub data_type: ColumnType,
    /// Its value, of that type.
    pub value: Scalar,
    /// What it means.
    pub description: Option<String>,
}

/// The jobs that one entry of `jobs` stands for, each with whether its contract could be read in
/// full; `None` for one without a name.
pub(crate) fn read(
    node: &Node,
    stage: &str,
    section: Option<&str>,
    cx: &mut Cx<'_>,
) -> Vec<Option<(Job, bool)>> {
    let entries = match &node.kind {
        Kind::Map(entries) => entries.as_slice(),
        _ => &[],
    };
    let value = |key: &str| {
        let entry = entries.iter().find(|entry| entry.key.value == key);
        entry.map(|entry| &entry.value)
    };
    let Some(matrix) = value("matrix") else {
        return vec![job(node, stage, section, None, cx)];
    };
    let before = cx.errors();
    let axes = matrix::read(matrix, cx);
    matrix::check(node, &axes, cx);
    let sound = cx.errors() == before;
    let family = match value("name").map(|name| &name.kind) {
        Some(Kind::Text(text)) => Some(text.clone()),
        _ => None,
    };
    let mut jobs = Vec::new();
    for (variant, bindings) in matrix::product(&axes).into_iter().enumerate() {
        cx.bindings = bindings;
        cx.variant = Some(variant);
        let job = job(node, stage, section, family.clone(), cx);
        jobs.push(job.map(|(job, complete)| (job, complete && sound)));
    }
    cx.bindings = Vec::new();
    cx.variant = None;
    jobs
}

fn job(
    node: &Node,
    stage: &str,
    section: Option<&str>,
    family: Option<String>,
    cx: &mut Cx<'_>,
) -> Option<(Job, bool)> {
    let mut map = cx.map(node, "a job")?;
    let name = table::name(&mut map, stage, cx);
    map.take("matrix");
    let description = check::description(&mut map, cx);
    let intermediate = map
        .take("intermediate")
        .and_then(|node| cx.boolean(node, "`intermediate`"));
    let query = map.need("query").and_then(|node| cx.sql(node, "`query`"));
    let before = cx.errors();
    let parameters = parameters(&mut map, cx);
    let given = Given {
        parameters: &parameters,
        complete: cx.errors() == before,
    };
    let history = history::read(&mut map, given, cx);
    let optional = optional(&mut map, cx);
    let needs = needs(&mut map, cx);
    let skip_if_empty = map
        .take("skip_if_empty")
        .and_then(|node| cx.text(node, "`skip_if_empty`"))
        .map(|reason| reason.value);
    let (contract, complete) = contract::read(&mut map, true, cx);
    let charts = chart::read(&mut map, &contract, complete, cx);
    let checks = check::checks(&mut map, cx);
    let tests = test_case::read(&mut map, cx);
    let anchor = map.anchor();
    map.finish(cx);
    let job = Job {
        name: name?,
        family,
        description,
        section: section.map(str::to_owned),
        intermediate: intermediate.unwrap_or_default(),
        query: query.unwrap_or_else(|| Sql::unmapped("", anchor)),
        contract,
        parameters,
        history,
        optional,
        needs,
        skip_if_empty,
        charts,
        checks,
        tests,
    };
    Some((job, complete))
}

pub(crate) fn parameters(map: &mut Map<'_>, cx: &mut Cx<'_>) -> Vec<Parameter> {
    let mut parameters: Vec<Parameter> = Vec::new();
    let Some(map) = map
        .take("parameters")
        .and_then(|node| cx.map(node, "`parameters`"))
    else {
        return parameters;
    };
    for entry in map.into_entries() {
        parameters.extend(parameter(entry, cx));
    }
    parameters
}

fn parameter(entry: &Entry, cx: &mut Cx<'_>) -> Option<Parameter> {
    let name = cx.identifier(&cx.fill(&entry.key));
    let mut map = cx.named_map(entry, "a parameter")?;
    let data_type = map
        .need("type")
        .and_then(|node| types::column_type(node, cx));
    let value = map.need("value");
    let description = check::optional_description(&mut map, cx);
    map.finish(cx);
    let (name, data_type, value) = (name?, data_type?, value?);
    if RESERVED_COLUMNS.contains(&name.as_str()) {
        cx.report(
            Diagnostic::error("reserved-name", format!("`${name}` cannot be declared"))
                .at(name.span, "")
                .help("`$snapshot_date` is always there"),
        );
        return None;
    }
    let value = scalar::scalar(value, &format!("parameter `{name}`"), data_type, cx)?;
    Some(Parameter {
        name,
        data_type,
        value,
        description,
    })
}

fn optional(map: &mut Map<'_>, cx: &mut Cx<'_>) -> Vec<Spanned<TableName>> {
    let items = map.take("optional");
    let Some(items) = items.and_then(|node| cx.list(node, "`optional`")) else {
        return Vec::new();
    };
    let mut optional = Vec::new();
    for item in items {
        let text = cx.text(item, "a table of `optional`");
        optional.extend(text.and_then(|text| table_name(&text, cx)));
    }
    optional
}

fn needs(map: &mut Map<'_>, cx: &mut Cx<'_>) -> Vec<Need> {
    let Some(items) = map.take("needs").and_then(|node| cx.list(node, "`needs`")) else {
        return Vec::new();
    };
    let mut needs = Vec::new();
    for item in items {
        let need = match &item.kind {
            Kind::Map(_) => need_with_reason(item, cx),
            Kind::List(either) => either_of(either, cx),
            _ => either_of(std::slice::from_ref(item), cx),
        };
        needs.extend(need);
    }
    needs
}

fn either_of(nodes: &[Node], cx: &mut Cx<'_>) -> Option<Need> {
    let mut either = Vec::new();
    for node in nodes {
        either.extend(needed(node, cx));
    }
    (!either.is_empty()).then_some(Need {
        either,
        because: None,
    })
}

fn need_with_reason(node: &Node, cx: &mut Cx<'_>) -> Option<Need> {
    let mut map = cx.map(node, "an entry of `needs`")?;
    let column = map.need("column").and_then(|node| needed(node, cx));
    let because = map
        .need("because")
        .and_then(|node| cx.text(node, "`because`"));
    map.finish(cx);
    let column = column?;
    let table = column.value.0.clone();
    Some(Need {
        either: vec![column],
        because: because.map(|because| Spanned::new((table, because.value), because.span)),
    })
}

/// `stage.table.column`
fn needed(node: &Node, cx: &mut Cx<'_>) -> Option<Spanned<(TableName, String)>> {
    let text = cx.text(node, "a column of `needs`")?;
    let reference = contract::column_reference(&text, cx)?;
    Some(Spanned::new(reference, text.span))
}
