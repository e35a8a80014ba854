//! Members of a list of text and of an object of scalars, read from JSON.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::columns::Columns;
use super::reject::Reason;
use super::repair;
use super::scalar::Scalar;
use super::survey::Oddity;

/// A text of JSON, or the number that is not finite for which it stands.
pub(super) fn scalar_of_text(text: &str) -> Scalar<'_> {
    match repair::not_finite(text) {
        Some(value) => Scalar::Float(value),
        None => Scalar::Text(text),
    }
}

/// A member of a list of text, or (with a key) of an object of scalars.
pub(super) struct Item<'a> {
    columns: &'a mut Columns,
    column: usize,
    key: Option<&'a str>,
}

impl<'a> Item<'a> {
    pub(super) fn member(columns: &'a mut Columns, column: usize) -> Self {
        Item {
            columns,
            column,
            key: None,
        }
    }

    pub(super) fn entry(columns: &'a mut Columns, column: usize, key: &'a str) -> Self {
        Item {
            columns,
            column,
            key: Some(key),
        }
    }

    fn scalar(self, scalar: Scalar<'_>) {
        match self.key {
            None => self.columns.put_member(self.column, scalar),
            Some(key) => entry(self.columns, self.column, key, scalar),
        }
    }

    /// A value that is no scalar.
    fn nested(self, found: &str) {
        match self.key {
            None => self
                .columns
                .note_odd(self.column, Oddity::MemberLeftOut, found),
            Some(_) => self.columns.refuse(
                self.column,
                Reason::WrongType,
                &format!("{found} among its members"),
            ),
        }
    }
}

/// Adds `key=value` to a column of entries.
pub(super) fn entry(columns: &mut Columns, column: usize, key: &str, scalar: Scalar<'_>) {
    if columns.is_nothing(column, scalar) {
        return;
    }
    match scalar.spelled() {
        Some(spelled) => columns.item(column, &[key, "=", &spelled]),
        None => columns.refuse(
            column,
            Reason::WrongType,
            &format!("{} under `{key}`", scalar.shown()),
        ),
    }
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
        self.scalar(scalar_of_text(value));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        self.nested("a list");
        drain_list(seq)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        self.nested("an object");
        drain_object(map)
    }
}

/// Passes over the rest of a list.
pub(super) fn drain_list<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<(), A::Error> {
    while seq.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

/// Passes over the rest of an object.
pub(super) fn drain_object<'de, A: MapAccess<'de>>(mut map: A) -> Result<(), A::Error> {
    while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}
