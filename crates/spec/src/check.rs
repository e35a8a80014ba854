//! What must hold of a table as a whole, and which rows are not let in.

use crate::contract::read_severity;
use crate::diagnostic::{Diagnostic, Severity, Spanned};
use crate::read::{Cx, Map};
use crate::sql::Sql;

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
