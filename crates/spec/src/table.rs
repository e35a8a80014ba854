//! Tables that no query makes: those that people keep, and those that sources fill.

use crate::check::{self, Check, RejectRule};
use crate::contract::{self, Contract};
use crate::diagnostic::Spanned;
use crate::name::TableName;
use crate::read::{Cx, Map};
use crate::reject_limit::{self, RejectLimit};
use crate::yaml::Node;

/// A table that people keep as a CSV file.
#[derive(Clone, Debug, PartialEq)]
pub struct ReferenceTable {
    /// `reference.…`
    pub name: Spanned<TableName>,
    /// What it holds.
    pub description: String,
    /// The CSV file, relative to the project's root.
    pub file: Spanned<String>,
    /// Its contract; without `sort` in YAML it is sorted by its key.
    pub contract: Contract,
    /// What must hold of it.
    pub checks: Vec<Check>,
}

/// A table that sources fill: the contract that each of them maps to.
#[derive(Clone, Debug, PartialEq)]
pub struct IngestTable {
    /// `ingest.…`
    pub name: Spanned<TableName>,
    /// What it holds.
    pub description: String,
    /// Its contract.
    pub contract: Contract,
    /// Rows that are set aside, by conditions over its columns.
    pub rejects: Vec<RejectRule>,
    /// How many rows may be set aside.
    pub reject_limit: RejectLimit,
    /// What must hold of it.
    pub checks: Vec<Check>,
}

/// The name under `name`, in `stage`; a report and `None` if there is none.
pub(crate) fn name(map: &mut Map<'_>, stage: &str, cx: &mut Cx<'_>) -> Option<Spanned<TableName>> {
    let name = check::named(map, "name", cx)?;
    let table = TableName::new(stage, &name).ok()?;
    Some(Spanned::new(table, name.span))
}

/// The table, and whether its contract could be read in full; `None` without a name.
pub(crate) fn reference(
    node: &Node,
    stage: &str,
    cx: &mut Cx<'_>,
) -> Option<(ReferenceTable, bool)> {
    let mut map = cx.map(node, "a reference table")?;
    let name = name(&mut map, stage, cx);
    let description = check::description(&mut map, cx);
    let file = map.need("file").and_then(|node| cx.text(node, "`file`"));
    let (contract, complete) = contract::read(&mut map, false, cx);
    let checks = check::checks(&mut map, cx);
    let anchor = map.anchor();
    map.finish(cx);
    let table = ReferenceTable {
        name: name?,
        description,
        file: file.unwrap_or_else(|| Spanned::new(String::new(), anchor)),
        contract,
        checks,
    };
    Some((table, complete))
}

/// The table, and whether its contract could be read in full; `None` without a name.
pub(crate) fn ingest(node: &Node, stage: &str, cx: &mut Cx<'_>) -> Option<(IngestTable, bool)> {
    let mut map = cx.map(node, "an ingest table")?;
    let name = name(&mut map, stage, cx);
    let description = check::description(&mut map, cx);
    let (contract, complete) = contract::read(&mut map, true, cx);
    let rejects = check::rejects(&mut map, cx);
    let reject_limit = reject_limit::read(&mut map, cx);
    let checks = check::checks(&mut map, cx);
    map.finish(cx);
    let table = IngestTable {
        name: name?,
        description,
        contract,
        rejects,
        reject_limit,
        checks,
    };
    Some((table, complete))
}
