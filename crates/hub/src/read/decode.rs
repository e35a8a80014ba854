//! JSON text into columns: a row, a text that holds JSON, an object whose members stand one by one.

use serde::de::IgnoredAny;

use super::Kind;
use super::columns::Columns;
use super::compact::Compact;
use super::members::Item;
use super::plan::Node;
use super::reject::Reason;
use super::scalar::Scalar;
use super::wanted::{decoded, parsed};

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

#[cold]
fn not_an_object(columns: &mut Columns, text: &str) {
    match parsed(text, std::marker::PhantomData::<IgnoredAny>) {
        Ok(_) => columns.mistakes.note(Reason::NotAnObject, || {
            format!("expected an object, found {}", super::reject::shown(text))
        }),
        Err((reason, detail)) => columns.mistakes.note(reason, || detail),
    }
}
