//! A JSON row into columns: one pass, no tree in between.
//!
//! The visitors know serde's data model only; which parser drives them is said in one place,
//! [`object`]. A value of the wrong type does not stop the parser: it is noted, and the row is
//! taken back at its end.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::Kind;
use super::columns::Columns;
use super::compact::{Compact, is_too_deep};
use super::plan::Node;
use super::reject::Reason;
use super::scalar::Scalar;

/// Reads one row, or notes why it cannot be read.
pub(super) fn object(row: &Node, columns: &mut Columns, text: &str) {
    let trimmed = text.trim_start_matches([' ', '\t', '\n', '\r']);
    if !trimmed.starts_with('{') {
        return not_an_object(columns, trimmed);
    }
    if let Err((reason, detail)) = parsed(
        text,
        Wanted {
            node: row,
            columns,
            each: false,
        },
    ) {
        columns.mistakes.note(reason, || detail);
    }
}

/// Puts text that holds JSON, as in CSV and in text columns of Parquet, into a column for a list,
/// for entries or for JSON.
pub(super) fn json_text(columns: &mut Columns, column: usize, text: &str) {
    let is_json = text.trim_start().starts_with('[');
    if columns.kind(column) == Kind::ListUtf8 && !is_json {
        return columns.put(column, Scalar::Text(text));
    }
    if let Err((reason, detail)) = parsed(
        text,
        Wanted {
            node: &Node::Leaf(column),
            columns,
            each: false,
        },
    ) {
        columns.refuse(
            column,
            reason,
            &format!("{}: {detail}", Scalar::Text(text).shown()),
        );
    }
}

/// Runs the parser over a whole text.
fn parsed<'de, S: DeserializeSeed<'de>>(
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

/// What is wanted of the next value. `each`: below a list, so that values add up.
struct Wanted<'a> {
    node: &'a Node,
    columns: &'a mut Columns,
    each: bool,
}

impl Wanted<'_> {
    fn scalar(self, scalar: Scalar<'_>) {
        match self.node {
            Node::Leaf(column) if self.columns.kind(*column) == Kind::Json => {
                if let Some(out) = self.columns.text_buffer(*column) {
                    match scalar {
                        Scalar::Bool(value) => super::compact::write(out, &value),
                        Scalar::Int(value) => super::compact::write(out, &value),
                        Scalar::UInt(value) => super::compact::write(out, &value),
                        Scalar::Float(value) => super::compact::write(out, &value),
                        Scalar::Text(text) => super::compact::write(out, text),
                        // JSON has no other scalars.
                        Scalar::Micros(_) | Scalar::Days(_) | Scalar::Foreign(_) => {}
                    }
                }
                self.columns.close_text(*column);
            }
            Node::Leaf(column) => self.columns.put(*column, scalar),
            Node::Object(_) => self.refuse("an object", &scalar.shown()),
            Node::Each(node) => Wanted {
                node,
                columns: self.columns,
                each: true,
            }
            .scalar(scalar),
            Node::Several(nodes) => {
                for node in nodes {
                    Wanted {
                        node,
                        columns: self.columns,
                        each: self.each,
                    }
                    .scalar(scalar);
                }
            }
        }
    }

    /// Notes that the columns at or below the node cannot be found in a value.
    fn refuse(self, expected: &str, found: &str) {
        let mut first = None;
        self.node
            .for_each_column(&mut |column| first = first.or(Some(column)));
        if let Some(column) = first {
            self.columns.refuse_parent(column, expected, found);
        }
    }

    /// Opens the lists of all columns below a list.
    fn open_lists(&mut self) {
        let columns = &mut *self.columns;
        self.node
            .for_each_column(&mut |column| columns.open_list(column));
    }

    /// Reads the compact text of a value once for each of several wants.
    fn replay(self, nodes: &[Node], text: &[u8]) {
        let text = String::from_utf8_lossy(text);
        for node in nodes {
            if let Err((reason, detail)) = parsed(
                &text,
                Wanted {
                    node,
                    columns: self.columns,
                    each: self.each,
                },
            ) {
                self.columns.mistakes.note(reason, || detail);
            }
        }
    }
}

impl<'de> DeserializeSeed<'de> for Wanted<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Wanted<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.scalar(Scalar::Bool(value));
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.scalar(Scalar::Int(value));
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.scalar(Scalar::UInt(value));
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.scalar(Scalar::Float(value));
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.scalar(Scalar::Text(value));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        match self.node {
            Node::Leaf(column) => match self.columns.kind(*column) {
                Kind::ListUtf8 => {
                    self.columns.open_list(*column);
                    while seq
                        .next_element_seed(Item {
                            columns: self.columns,
                            column: *column,
                            key: None,
                        })?
                        .is_some()
                    {}
                }
                Kind::Json => {
                    if let Some(out) = self.columns.text_buffer(*column) {
                        Compact::new(out).visit_seq(seq)?;
                    }
                    self.columns.close_text(*column);
                }
                _ => {
                    self.columns.refuse(*column, Reason::WrongType, "a list");
                    drain_list(seq)?;
                }
            },
            Node::Object(_) => {
                self.refuse("an object", "a list");
                drain_list(seq)?;
            }
            Node::Each(node) => {
                self.open_lists();
                while seq
                    .next_element_seed(Wanted {
                        node,
                        columns: self.columns,
                        each: true,
                    })?
                    .is_some()
                {}
            }
            Node::Several(nodes) => {
                let mut text = Vec::new();
                Compact::new(&mut text).visit_seq(seq)?;
                self.replay(nodes, &text);
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        match self.node {
            Node::Leaf(column) => match self.columns.kind(*column) {
                Kind::Entries => {
                    self.columns.open_list(*column);
                    while let Some(key) = map.next_key::<String>()? {
                        map.next_value_seed(Item {
                            columns: self.columns,
                            column: *column,
                            key: Some(&key),
                        })?;
                    }
                }
                Kind::Json => {
                    if let Some(out) = self.columns.text_buffer(*column) {
                        Compact::new(out).visit_map(map)?;
                    }
                    self.columns.close_text(*column);
                }
                _ => {
                    self.columns.refuse(*column, Reason::WrongType, "an object");
                    drain_object(map)?;
                }
            },
            Node::Object(members) => {
                while let Some(found) = map.next_key_seed(Key(members))? {
                    let Some(node) = found else {
                        map.next_value::<IgnoredAny>()?;
                        continue;
                    };
                    if !self.each {
                        let columns = &mut *self.columns;
                        node.for_each_column(&mut |column| columns.reset(column));
                    }
                    map.next_value_seed(Wanted {
                        node,
                        columns: self.columns,
                        each: self.each,
                    })?;
                }
            }
            Node::Each(node) => {
                self.open_lists();
                Wanted {
                    node,
                    columns: self.columns,
                    each: true,
                }
                .visit_map(map)?;
            }
            Node::Several(nodes) => {
                let mut text = Vec::new();
                Compact::new(&mut text).visit_map(map)?;
                self.replay(nodes, &text);
            }
        }
        Ok(())
    }
}

/// A member's key: what is wanted of the member, if anything.
struct Key<'a>(&'a [(String, Node)]);

impl<'de, 'a> DeserializeSeed<'de> for Key<'a> {
    type Value = Option<&'a Node>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'_> for Key<'a> {
    type Value = Option<&'a Node>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self
            .0
            .iter()
            .find(|(wanted, _)| wanted == key)
            .map(|(_, node)| node))
    }
}

/// A member of a list of text, or (with a key) of an object of scalars.
struct Item<'a> {
    columns: &'a mut Columns,
    column: usize,
    key: Option<&'a str>,
}

impl Item<'_> {
    fn scalar(self, scalar: Scalar<'_>) {
        let Some(key) = self.key else {
            return self.columns.put(self.column, scalar);
        };
        entry(self.columns, self.column, key, scalar);
    }
}

/// Adds `key=value` to a column of entries.
pub(super) fn entry(columns: &mut Columns, column: usize, key: &str, scalar: Scalar<'_>) {
    let spelled = match scalar {
        Scalar::Text(text) => return columns.item(column, &[key, "=", text]),
        Scalar::Bool(value) => value.to_string(),
        Scalar::Int(value) => value.to_string(),
        Scalar::UInt(value) => value.to_string(),
        Scalar::Float(value) => match super::integral(value) {
            Some(value) => value.to_string(),
            None => value.to_string(),
        },
        Scalar::Micros(value) => super::scalar::micros_text(value),
        Scalar::Days(value) => super::scalar::days_text(value),
        Scalar::Foreign(_) => {
            return columns.refuse(
                column,
                Reason::WrongType,
                &format!("{} under `{key}`", scalar.shown()),
            );
        }
    };
    columns.item(column, &[key, "=", &spelled]);
}

impl<'de> DeserializeSeed<'de> for Item<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Item<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.scalar(Scalar::Bool(value));
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.scalar(Scalar::Int(value));
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.scalar(Scalar::UInt(value));
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.scalar(Scalar::Float(value));
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.scalar(Scalar::Text(value));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        self.columns
            .refuse(self.column, Reason::WrongType, "a list among its members");
        drain_list(seq)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        self.columns.refuse(
            self.column,
            Reason::WrongType,
            "an object among its members",
        );
        drain_object(map)
    }
}

fn drain_list<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<(), A::Error> {
    while seq.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

fn drain_object<'de, A: MapAccess<'de>>(mut map: A) -> Result<(), A::Error> {
    while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}
