//! Tests beside the queries: small tables in, the expected table out.

use crate::check::{named, unique};
use crate::date::SnapshotDate;
use crate::diagnostic::{Diagnostic, Span, Spanned};
use crate::read::{Cx, Map};
use crate::scalar::{self, Cell};
use crate::yaml::Node;

/// A test of a query, run without any lake.
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    /// An identifier, unique in its job or source.
    pub name: Spanned<String>,
    /// What `$snapshot_date` is; the engine has a default.
    pub snapshot_date: Option<SnapshotDate>,
    /// The tables that the query reads: `stage.table`, or `source` in a source.
    pub given: Vec<(Spanned<String>, Vec<Row>)>,
    /// All rows that come out, in the table's order; only the columns named are compared.
    pub expect: Vec<Row>,
}

/// A row of a table in a test; columns that it does not name are null, or not compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Column and value, in the order written.
    pub cells: Vec<(Spanned<String>, Spanned<Cell>)>,
    /// Where the row is written.
    pub span: Span,
}

pub(crate) fn read(map: &mut Map<'_>, cx: &mut Cx<'_>) -> Vec<Test> {
    let mut tests: Vec<Test> = Vec::new();
    let Some(items) = map.take("tests").and_then(|node| cx.list(node, "`tests`")) else {
        return tests;
    };
    for item in items {
        let Some(mut map) = cx.map(item, "a test") else {
            continue;
        };
        let name = named(&mut map, "name", cx);
        let snapshot_date = map.take("snapshot_date").and_then(|node| date(node, cx));
        let mut given = Vec::new();
        if let Some(node) = map.need("given")
            && let Some(tables) = cx.map(node, "`given`")
        {
            for entry in tables.into_entries() {
                let table = cx.fill(&entry.key);
                given.push((table, rows(&entry.value, "a table of `given`", cx)));
            }
        }
        let expect = map
            .need("expect")
            .map_or_else(Vec::new, |node| rows(node, "`expect`", cx));
        map.finish(cx);
        if let Some(name) = name {
            let before = tests.iter().map(|test| &test.name);
            unique(&name, before, "test", "duplicate-test", cx);
            tests.push(Test {
                name,
                snapshot_date,
                given,
                expect,
            });
        }
    }
    tests
}

fn date(node: &Node, cx: &mut Cx<'_>) -> Option<SnapshotDate> {
    let text = cx.text(node, "`snapshot_date`")?;
    match text.parse() {
        Ok(date) => Some(date),
        Err(error) => {
            cx.report(
                Diagnostic::error("bad-date", format!("{error}"))
                    .at(text.span, "expected a date such as 2025-10-01"),
            );
            None
        }
    }
}

fn rows(node: &Node, what: &str, cx: &mut Cx<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for item in cx.list(node, what).unwrap_or_default() {
        let Some(map) = cx.map(item, "a row") else {
            continue;
        };
        let mut cells = Vec::new();
        for entry in map.into_entries() {
            let column = cx.fill(&entry.key);
            cells.extend(scalar::cell(&entry.value, cx).map(|cell| (column, cell)));
        }
        rows.push(Row {
            cells,
            span: item.span,
        });
    }
    rows
}
