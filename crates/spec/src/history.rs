//! Which snapshots of a table a job reads: the values of `history`.

use crate::diagnostic::{Diagnostic, Spanned, did_you_mean};
use crate::job::Parameter;
use crate::name::TableName;
use crate::read::{Cx, Map};
use crate::scalar::Scalar;
use crate::yaml::{Kind, Node};

/// The column by which the snapshots of windows are told apart: the days that were asked for, 0 of
/// the snapshot that is made.
pub const WINDOW_DAYS: &str = "window_days";

/// Which snapshots of a table a job reads beside its own date's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum History {
    /// `previous`: the one before.
    Previous,
    /// `all`
    All,
    /// `{last: n}`: the n newest; n is at least 1.
    Last(u32),
    /// `{days: n}`, `{days: [n, m]}`: this one, and for each number the comparable one nearest to
    /// that many days before; each is at least 1, and none is there twice.
    Days(Vec<u32>),
    /// `{days: {at_least: n}}`: this one, and the nearest comparable one that many days before or
    /// earlier; n is at least 1.
    AtLeast(u32),
}

impl History {
    /// The numbers of days of its windows; none if the snapshots are chosen otherwise.
    pub fn windows(&self) -> &[u32] {
        match self {
            Self::Days(windows) => windows,
            Self::AtLeast(days) => std::slice::from_ref(days),
            Self::Previous | Self::All | Self::Last(_) => &[],
        }
    }
}

/// The parameters that a number may be taken from.
#[derive(Clone, Copy)]
pub(crate) struct Given<'p> {
    pub(crate) parameters: &'p [Parameter],
    /// Whether all could be read: else what is wrong with them has been said.
    pub(crate) complete: bool,
}

pub(crate) fn read(
    map: &mut Map<'_>,
    given: Given<'_>,
    cx: &mut Cx<'_>,
) -> Vec<(Spanned<TableName>, History)> {
    let mut history = Vec::new();
    let Some(map) = map
        .take("history")
        .and_then(|node| cx.map(node, "`history`"))
    else {
        return history;
    };
    for entry in map.into_entries() {
        let table = table_name(&cx.fill(&entry.key), cx);
        // What is wrong with it has been said; the table is judged all the same.
        let which = which(&entry.value, given, cx).unwrap_or(History::Previous);
        history.extend(table.map(|table| (table, which)));
    }
    history
}

fn which(node: &Node, given: Given<'_>, cx: &mut Cx<'_>) -> Option<History> {
    if !matches!(node.kind, Kind::Map(_)) {
        let words = [("previous", History::Previous), ("all", History::All)];
        return cx.word(node, "a `history`", &words, &[]);
    }
    let mut map = cx.map(node, "a history")?;
    let (last, days) = (map.take("last"), map.take("days"));
    match (last, days) {
        (Some(last), Some(days)) => {
            map.finish(cx);
            let message = "a history has either `last` or `days`";
            cx.report(
                Diagnostic::error("conflicting-keys", message)
                    .at(days.span, "these are chosen by their distance")
                    .related(last.span, "and these by their number"),
            );
            None
        }
        (Some(last), None) => {
            map.finish(cx);
            count(last, "`last`", cx).map(History::Last)
        }
        (None, Some(days)) => {
            map.finish(cx);
            windows(days, given, cx)
        }
        (None, None) => {
            let anchor = map.anchor();
            let before = cx.errors();
            map.finish(cx);
            // A key that was misspelt is told of as that.
            if cx.errors() == before {
                cx.report(
                    Diagnostic::error("missing-key", "a history lacks `last` or `days`")
                        .at(anchor, "which snapshots?"),
                );
            }
            None
        }
    }
}

/// What stands under `days`.
fn windows(node: &Node, given: Given<'_>, cx: &mut Cx<'_>) -> Option<History> {
    match &node.kind {
        Kind::Map(_) => {
            let mut map = cx.map(node, "`days`")?;
            let days = map.need("at_least");
            map.finish(cx);
            number(days?, "`at_least`", given, cx).map(History::AtLeast)
        }
        Kind::List(_) => {
            let items = cx.filled_list(node, "`days`")?;
            let mut windows: Vec<u32> = Vec::new();
            let mut sound = true;
            for item in items {
                match number(item, "a window of `days`", given, cx) {
                    Some(days) if windows.contains(&days) => {
                        cx.report(
                            Diagnostic::error(
                                "duplicate-value",
                                format!("the window of {days} days is there twice"),
                            )
                            .at(item.span, "and again"),
                        );
                        sound = false;
                    }
                    Some(days) => windows.push(days),
                    None => sound = false,
                }
            }
            sound.then_some(History::Days(windows))
        }
        _ => number(node, "`days`", given, cx).map(|days| History::Days(vec![days])),
    }
}

/// A number of days, an axis of the matrix that has them, or the name of a parameter that is one.
fn number(node: &Node, what: &str, given: Given<'_>, cx: &mut Cx<'_>) -> Option<u32> {
    let Kind::Text(text) = &node.kind else {
        return count(node, what, cx);
    };
    let filled = cx.fill(&Spanned::new(text.clone(), node.span)).value;
    if filled != *text {
        let days = filled.parse().ok().filter(|days| *days >= 1);
        if days.is_none() {
            let message = format!("{what} must be an integer from 1 up, and here is `{filled}`");
            let place = "expected an axis of integers from 1 up";
            cx.report(Diagnostic::error("wrong-type", message).at(node.span, place));
        }
        return days;
    }
    let Some(name) = text.strip_prefix('$') else {
        return count(node, what, cx);
    };
    let Given {
        parameters,
        complete,
    } = given;
    let Some(parameter) = parameters.iter().find(|p| p.name.value == name) else {
        if !complete {
            return None;
        }
        let message = format!("the job has no parameter `{name}`");
        let near = parameters.iter().map(|p| p.name.value.as_str());
        cx.report(
            Diagnostic::error("unknown-parameter", message)
                .at(node.span, "unknown parameter")
                .maybe_help(did_you_mean(name, near)),
        );
        return None;
    };
    let days = match &parameter.value {
        Scalar::Int64(days) => u32::try_from(*days).ok().filter(|days| *days >= 1),
        _ => None,
    };
    if days.is_none() {
        let message = format!("{what} must be an integer from 1 up, and `${name}` is none");
        cx.report(
            Diagnostic::error("wrong-type", message)
                .at(node.span, "expected an integer from 1 up")
                .related(parameter.name.span, "its parameter"),
        );
    }
    days
}

fn count(node: &Node, what: &str, cx: &mut Cx<'_>) -> Option<u32> {
    let count = match node.kind {
        Kind::Int(count) if count >= 1 => u32::try_from(count).ok(),
        _ => None,
    };
    if count.is_none() {
        cx.wrong_type(node, what, "an integer from 1 up");
    }
    count
}

/// `stage.table`; whether there is such a table is not known here.
pub(crate) fn table_name(text: &Spanned<String>, cx: &mut Cx<'_>) -> Option<Spanned<TableName>> {
    match text.parse() {
        Ok(name) => Some(Spanned::new(name, text.span)),
        Err(error) => {
            cx.report(
                Diagnostic::error("bad-identifier", format!("{error}"))
                    .at(text.span, "expected `stage.table`"),
            );
            None
        }
    }
}
