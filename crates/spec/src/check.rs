//! What must hold of a table as a whole, and which rows are not let in.

use crate::contract::read_severity;
use crate::diagnostic::{Diagnostic, Severity, Spanned};
use crate::read::{Cx, Map};
use crate::sql::Sql;
use crate::yaml::{Kind, Node};

/// A query whose rows are violations.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// An identifier, unique in its table.
    pub name: Spanned<String>,
    /// What follows if rows come back.
    pub severity: Severity,
    /// Returns the rows that break the rule.
    pub query: Sql,
    /// What the rule is for.
    pub description: Option<String>,
}

/// A condition on a row; a row that meets it is set aside.
#[derive(Clone, Debug, PartialEq)]
pub struct RejectRule {
    /// An identifier, unique in its table or source, by which set-aside rows are counted.
    pub reason: Spanned<String>,
    /// A SQL expression over the row's columns (`where` in YAML).
    pub condition: Sql,
    /// What the rule is for.
    pub description: Option<String>,
}

/// How many rows may be set aside before a snapshot fails: the larger of the two.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RejectLimit {
    /// As a share of the rows read, 0 to 1.
    pub share: f64,
    /// As a number of rows.
    pub rows: u64,
}

/// One in a hundred, at least ten.
impl Default for RejectLimit {
    fn default() -> Self {
        Self {
            share: 0.01,
            rows: 10,
        }
    }
}

/// The reason under which the engine sets aside rows whose key was there before.
pub const DUPLICATE_KEY: &str = "duplicate_key";

/// Reports a name that was there before in the same list.
pub(crate) fn unique<'b>(
    name: &Spanned<String>,
    mut before: impl Iterator<Item = &'b Spanned<String>>,
    what: &str,
    code: &'static str,
    cx: &mut Cx<'_>,
) {
    if let Some(first) = before.find(|first| first.value == name.value) {
        cx.report(
            Diagnostic::error(code, format!("{what} `{name}` is there twice"))
                .at(name.span, "and again")
                .related(first.span, "once"),
        );
    }
}

/// The identifier under `key`.
pub(crate) fn named(
    map: &mut Map<'_>,
    key: &'static str,
    cx: &mut Cx<'_>,
) -> Option<Spanned<String>> {
    let node = map.need(key)?;
    let text = cx.text(node, &format!("`{key}`"))?;
    cx.identifier(&text)
}

/// The text under `description`, if it is there.
pub(crate) fn optional_description(map: &mut Map<'_>, cx: &mut Cx<'_>) -> Option<String> {
    let node = map.take("description")?;
    Some(cx.text(node, "`description`")?.value)
}

/// The text under `description`, which must be there.
pub(crate) fn description(map: &mut Map<'_>, cx: &mut Cx<'_>) -> String {
    map.need("description")
        .and_then(|node| cx.text(node, "`description`"))
        .map(|text| text.value)
        .unwrap_or_default()
}

pub(crate) fn checks(map: &mut Map<'_>, cx: &mut Cx<'_>) -> Vec<Check> {
    let mut checks: Vec<Check> = Vec::new();
    let Some(items) = map
        .take("checks")
        .and_then(|node| cx.list(node, "`checks`"))
    else {
        return checks;
    };
    for item in items {
        let Some(mut map) = cx.map(item, "a check") else {
            continue;
        };
        let name = named(&mut map, "name", cx);
        let severity = map
            .take("severity")
            .and_then(|node| read_severity(node, cx))
            .unwrap_or_default();
        let query = map.need("query").and_then(|node| cx.sql(node, "`query`"));
        let description = optional_description(&mut map, cx);
        map.finish(cx);
        if let (Some(name), Some(query)) = (name, query) {
            let before = checks.iter().map(|check| &check.name);
            unique(&name, before, "check", "duplicate-check", cx);
            checks.push(Check {
                name,
                severity,
                query,
                description,
            });
        }
    }
    checks
}

pub(crate) fn rejects(map: &mut Map<'_>, cx: &mut Cx<'_>) -> Vec<RejectRule> {
    let mut rules: Vec<RejectRule> = Vec::new();
    let Some(items) = map
        .take("rejects")
        .and_then(|node| cx.list(node, "`rejects`"))
    else {
        return rules;
    };
    for item in items {
        let Some(mut map) = cx.map(item, "a reject rule") else {
            continue;
        };
        let reason = named(&mut map, "reason", cx);
        let condition = map.need("where").and_then(|node| cx.sql(node, "`where`"));
        let description = optional_description(&mut map, cx);
        map.finish(cx);
        if let (Some(reason), Some(condition)) = (reason, condition) {
            let before = rules.iter().map(|rule| &rule.reason);
            unique(&reason, before, "reason", "duplicate-reason", cx);
            if reason.value == DUPLICATE_KEY {
                cx.report(
                    Diagnostic::error(
                        "reserved-name",
                        format!(
                            "rows whose key was there before have the reason `{reason}` already"
                        ),
                    )
                    .at(reason.span, "taken"),
                );
            }
            rules.push(RejectRule {
                reason,
                condition,
                description,
            });
        }
    }
    rules
}

pub(crate) fn reject_limit(map: &mut Map<'_>, cx: &mut Cx<'_>) -> RejectLimit {
    let mut limit = RejectLimit::default();
    let Some(mut map) = map
        .take("reject_limit")
        .and_then(|node| cx.map(node, "`reject_limit`"))
    else {
        return limit;
    };
    if let Some(node) = map.take("share") {
        limit.share = share(node, cx).unwrap_or(limit.share);
    }
    if let Some(node) = map.take("rows") {
        match node.kind {
            Kind::Int(rows) if rows >= 0 => limit.rows = rows.unsigned_abs(),
            _ => cx.wrong_type(node, "`rows`", "an integer from 0 up"),
        }
    }
    map.finish(cx);
    limit
}

fn share(node: &Node, cx: &mut Cx<'_>) -> Option<f64> {
    match node.kind {
        Kind::Int(0) => Some(0.0),
        Kind::Int(1) => Some(1.0),
        Kind::Float(share) if (0.0..=1.0).contains(&share) => Some(share),
        _ => {
            cx.wrong_type(node, "`share`", "a number from 0 to 1");
            None
        }
    }
}
