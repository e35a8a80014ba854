//! What is wanted of a JSON value, into columns: one pass, no tree in between.
//!
//! The visitors know serde's data model only. A value of the wrong type does not stop the parser: it
//! is noted, and the row is taken back at its end. Which parser drives them is said in one place, [`parsed`].

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::Kind;
use super::columns::Columns;
use super::compact::{Compact, is_too_deep};
use super::members::{Item, drain_list, drain_object, scalar_of_text};
use super::plan::{Members, Node};
use super::reject::Reason;
use super::repair;
use super::scalar::Scalar;
use super::survey::Oddity;

/// What is wanted of the next value. `each`: below a list, so that values add up.
pub(super) struct Wanted<'a> {
    pub(super) node: &'a Node,
    pub(super) columns: &'a mut Columns,
    pub(super) each: bool,
}

impl Wanted<'_> {
    fn scalar(self, scalar: Scalar<'_>) {
        match self.node {
            Node::Leaf(column, route) if self.columns.kind(*column) == Kind::Json => {
                self.columns.find(*column);
                if self.columns.is_nothing(*column, scalar) || !self.columns.admit(*column, *route)
                {
                    return;
                }
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
            Node::Leaf(column, route) => self.columns.put(*column, *route, scalar),
            Node::Object(_) => match scalar {
                Scalar::Text(text) if !self.each => within_text(self.node, self.columns, text),
                Scalar::Float(value) if !value.is_finite() => self.nothing(),
                _ => self.refuse("an object", &scalar.shown()),
            },
            Node::Each(node) => match (scalar, &**node) {
                (Scalar::Text(text), Node::Object(_)) if !self.each => {
                    within_text(self.node, self.columns, text);
                }
                _ => Wanted {
                    node,
                    columns: self.columns,
                    each: true,
                }
                .scalar(scalar),
            },
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

    /// Notes that there is nothing where something is wanted.
    fn nothing(self) {
        let Wanted { node, columns, .. } = self;
        match node {
            Node::Leaf(column, _) => columns.find(*column),
            node => node.for_each_leaf(&mut |column, _| columns.touch(column)),
        }
    }

    /// Notes that the columns at or below the node cannot be found in a value. A member of a list
    /// is left out for that, any other value costs the row.
    fn refuse(self, expected: &str, found: &str) {
        let mut first = None;
        let Wanted {
            node,
            columns,
            each,
        } = self;
        node.for_each_leaf(&mut |column, _| {
            columns.touch(column);
            first = first.or(Some(column));
        });
        match first {
            Some(column) if each => columns.note_odd(column, Oddity::MemberLeftOut, found),
            Some(column) => columns.refuse_parent(column, expected, found),
            None => {}
        }
    }

    /// Opens the lists of all columns below a list.
    fn open_lists(&mut self) {
        let columns = &mut *self.columns;
        self.node
            .for_each_leaf(&mut |column, route| columns.open_list_by(column, route));
    }

    /// Keeps the compact text of a value for the objects of which it is a member, and reads it for
    /// what else is wanted of it.
    fn member_of_flattened(&mut self, found: Member<'_>, text: Vec<u8>) {
        if let Some(node) = found.node {
            node.for_each_leaf(&mut |column, route| self.columns.retract(column, route));
            let wanted = Wanted {
                node,
                columns: self.columns,
                each: false,
            };
            if let Err((reason, detail)) = parsed(&String::from_utf8_lossy(&text), wanted) {
                self.columns.mistakes.note(reason, || detail);
            }
        }
        for (column, key) in found.member_of {
            self.columns.keep_flattened(column, key, text.clone());
        }
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
        self.nothing();
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
        self.scalar(scalar_of_text(value));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        match self.node {
            Node::Leaf(column, route) => {
                if !self.columns.admit(*column, *route) {
                    return drain_list(seq);
                }
                match self.columns.kind(*column) {
                    Kind::ListUtf8 => {
                        self.columns.open_list(*column);
                        while seq
                            .next_element_seed(Item::member(self.columns, *column))?
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
                }
            }
            Node::Object(_) => {
                self.refuse("an object", "a list");
                drain_list(seq)?;
            }
            Node::Each(node) => {
                self.open_lists();
                let mut empty = true;
                while seq
                    .next_element_seed(Wanted {
                        node,
                        columns: self.columns,
                        each: true,
                    })?
                    .is_some()
                {
                    empty = false;
                }
                if empty {
                    self.nothing();
                }
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
            Node::Leaf(column, route) => {
                let kind = self.columns.kind(*column);
                if !self.columns.admit(*column, *route) {
                    return drain_object(map);
                }
                match kind {
                    // As a list of one, whose member cannot be taken.
                    Kind::ListUtf8 => {
                        self.columns.open_list(*column);
                        self.columns
                            .note_odd(*column, Oddity::MemberLeftOut, "an object");
                        drain_object(map)?;
                    }
                    Kind::Entries => {
                        self.columns.open_list(*column);
                        while let Some(key) = map.next_key::<String>()? {
                            map.next_value_seed(Item::entry(self.columns, *column, &key))?;
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
                }
            }
            Node::Object(members) => {
                while let Some(found) = map.next_key_seed(Key(members))? {
                    if !found.member_of.is_empty() && !self.each {
                        let mut text = Vec::new();
                        map.next_value_seed(Compact::new(&mut text))?;
                        self.member_of_flattened(found, text);
                        continue;
                    }
                    let Some(node) = found.node else {
                        map.next_value::<IgnoredAny>()?;
                        continue;
                    };
                    if !self.each {
                        let columns = &mut *self.columns;
                        node.for_each_leaf(&mut |column, route| columns.retract(column, route));
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

/// A member's key.
struct Key<'a>(&'a Members);

/// What is wanted of a member.
struct Member<'a> {
    node: Option<&'a Node>,
    /// The columns of which it is a member, flattened, and its key there.
    member_of: Vec<(usize, String)>,
}

impl<'de, 'a> DeserializeSeed<'de> for Key<'a> {
    type Value = Member<'a>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'_> for Key<'a> {
    type Value = Member<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        let mut found = Member {
            node: None,
            member_of: Vec::new(),
        };
        let keys = &self.0.keys;
        found.node = keys
            .iter()
            .find(|(wanted, _)| wanted == key)
            .map(|(_, node)| node);
        if !self.0.prefixes.is_empty() && key.contains('.') {
            let prefixes = self.0.prefixes.iter();
            let rest = prefixes
                .filter_map(|(start, column)| Some((*column, key.strip_prefix(start.as_str())?)));
            found.member_of = rest
                .map(|(column, rest)| (column, rest.to_owned()))
                .collect();
        }
        Ok(found)
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
pub(super) fn decoded(
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
