//! JSON text into columns: a row, a text that holds JSON, an object whose members stand one by one.
//!
//! Which parser drives the visitors of [`wanted`](super::wanted) is said in one place, [`parsed`].

use serde::de::{DeserializeSeed, IgnoredAny};

use super::Kind;
use super::columns::Columns;
use super::compact::{Compact, is_too_deep};
use super::members::Item;
use super::plan::Node;
use super::reject::Reason;
use super::repair;
use super::scalar::Scalar;
use super::survey::Oddity;
use super::wanted::Wanted;

/// Reads one row, or notes why it cannot be read.
pub(super) fn object(row: &Node, columns: &mut Columns, text: &str) {
    let trimmed = text.trim_start_matches([' ', '\t', '\n', '\r']);
    if !trimmed.starts_with('{') {
        return not_an_object(columns, trimmed);
    }
    match decoded(row, columns, text, &mut Columns::restart_row) {
        Ok(()) => flattened(columns),
        Err((reason, detail)) => columns.mistakes.note(reason, || detail),
    }
}

/// Puts together objects of which the row has the members one by one.
fn flattened(columns: &mut Columns) {
    for (column, members) in columns.take_flattened() {
        if columns.has_value(column) || !columns.admit(column, 0) {
            continue;
        }
        if columns.kind(column) == Kind::Json {
            if let Some(out) = columns.text_buffer(column) {
                write_object(
                    out,
                    members.iter().map(|(key, text)| (key.as_str(), &text[..])),
                );
            }
            columns.close_text(column);
            continue;
        }
        columns.open_list(column);
        for (key, text) in &members {
            let text = String::from_utf8_lossy(text);
            // It was read as JSON before.
            if let Err((reason, detail)) = parsed(&text, Item::entry(columns, column, key)) {
                columns.mistakes.note(reason, || detail);
            }
        }
    }
}

/// Writes an object, given its members as JSON.
pub(super) fn write_object<'m>(
    out: &mut Vec<u8>,
    members: impl Iterator<Item = (&'m str, &'m [u8])>,
) {
    out.push(b'{');
    for (at, (key, value)) in members.enumerate() {
        if at > 0 {
            out.push(b',');
        }
        super::compact::write(out, key);
        out.push(b':');
        out.extend_from_slice(value);
    }
    out.push(b'}');
}

/// The text as compact JSON, if it is JSON.
pub(super) fn compacted(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    parsed(text, Compact::new(&mut out)).ok()?;
    Some(out)
}

/// Puts text that holds JSON, as in CSV and in text columns of Parquet, into a column for a list,
/// for entries or for JSON.
pub(super) fn json_text(columns: &mut Columns, column: usize, text: &str) {
    columns.find(column);
    if columns.is_null_value(text) {
        return;
    }
    let is_json = text.trim_start().starts_with('[');
    if columns.kind(column) == Kind::ListUtf8 && !is_json {
        return columns.put(column, 0, Scalar::Text(text));
    }
    let text = match columns.kind(column) {
        Kind::Json => python_word(text),
        _ => text,
    };
    let take_back = &mut |columns: &mut Columns| columns.retract(column, 0);
    if let Err((reason, detail)) = decoded(&Node::Leaf(column, 0), columns, text, take_back) {
        columns.refuse(
            column,
            reason,
            &format!("{}: {detail}", Scalar::Text(text).shown()),
        );
    }
}

/// JSON's word for a word of Python's.
pub(super) fn python_word(text: &str) -> &str {
    match text.trim() {
        "True" => "true",
        "False" => "false",
        "None" => "null",
        _ => text,
    }
}

/// Reads what paths lead to within a text that should hold a JSON object. What is none is odd, and
/// all that is wanted of it null.
pub(super) fn within_text(node: &Node, columns: &mut Columns, text: &str) {
    let start = text.trim();
    if start.is_empty() || matches!(start, "null" | "None") || columns.is_null_value(text) {
        return node.for_each_leaf(&mut |column, _| columns.touch(column));
    }
    let take_back = &mut |columns: &mut Columns| {
        node.for_each_leaf(&mut |column, route| columns.retract(column, route));
    };
    let opens = if matches!(node, Node::Each(_)) {
        &['{', '['][..]
    } else {
        &['{'][..]
    };
    if !start.starts_with(opens) || decoded(node, columns, text, take_back).is_err() {
        take_back(columns);
        let mut first = None;
        node.for_each_leaf(&mut |column, _| {
            columns.touch(column);
            first = first.or(Some(column));
        });
        if let Some(column) = first {
            columns.note_odd(column, Oddity::NotJsonText, text);
        }
    }
}

/// Runs the parser over a text; over one with numbers that are not finite, which JSON lacks, a
/// second time, once `take_back` has undone the first.
fn decoded(
    node: &Node,
    columns: &mut Columns,
    text: &str,
    take_back: &mut dyn FnMut(&mut Columns),
) -> Result<(), (Reason, String)> {
    let each = false;
    let wanted = Wanted {
        node,
        columns: &mut *columns,
        each,
    };
    let decoded = parsed(text, wanted);
    if matches!(decoded, Err((Reason::NotJson, _)))
        && let Some(text) = repair::repaired(text)
    {
        take_back(columns);
        return parsed(
            &text,
            Wanted {
                node,
                columns,
                each,
            },
        );
    }
    decoded
}

/// Runs the parser over a whole text.
pub(super) fn parsed<'de, S: DeserializeSeed<'de>>(
    text: &'de str,
    seed: S,
) -> Result<S::Value, (Reason, String)> {
    let mut json = serde_json::Deserializer::from_str(text);
    let value = seed
        .deserialize(&mut json)
        .and_then(|value| json.end().map(|()| value));
    value.map_err(|error| {
        let reason = if is_too_deep(&error) {
            Reason::TooDeep
        } else {
            Reason::NotJson
        };
        (reason, error.to_string())
    })
}

#[cold]
fn not_an_object(columns: &mut Columns, text: &str) {
    match parsed(text, std::marker::PhantomData::<IgnoredAny>) {
        Ok(_) => columns.mistakes.note(Reason::NotAnObject, || {
            format!("expected an object, found {}", super::reject::shown(text))
        }),
        Err((reason, detail)) => columns.mistakes.note(reason, || detail),
    }
}
