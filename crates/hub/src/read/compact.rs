//! JSON text without blanks, written from any serde deserializer.

use std::fmt;

use serde::Serialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// How deep JSON that is kept may be nested.
const MOST_DEPTH: usize = 128;
/// The message of an error for what is deeper.
const TOO_DEEP: &str = "nested deeper than 128 levels";

/// Whether a parser's error says that the text is nested too deep.
pub(super) fn is_too_deep(error: &serde_json::Error) -> bool {
    let text = error.to_string();
    text.contains(TOO_DEEP) || text.contains("recursion limit")
}

/// Writes a scalar as JSON.
pub(super) fn write<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    // A Vec takes all that is written, and scalars always have a JSON form.
    let written = serde_json::to_writer(out, value);
    debug_assert!(written.is_ok());
}

/// Appends the value that is deserialized as compact JSON text: members in their order, repeated
/// keys kept, numbers in their shortest spelling.
pub(super) struct Compact<'o> {
    out: &'o mut Vec<u8>,
    depth: usize,
}

impl<'o> Compact<'o> {
    pub(super) fn new(out: &'o mut Vec<u8>) -> Self {
        Compact { out, depth: 0 }
    }

    fn below<E: Error>(&mut self) -> Result<Compact<'_>, E> {
        if self.depth == MOST_DEPTH {
            return Err(E::custom(TOO_DEEP));
        }
        Ok(Compact {
            out: self.out,
            depth: self.depth + 1,
        })
    }
}

impl<'de> DeserializeSeed<'de> for Compact<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Compact<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.out.extend_from_slice(b"null");
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        write(self.out, &value);
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        write(self.out, &value);
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        write(self.out, &value);
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        write(self.out, &value);
        Ok(())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        if super::repair::not_finite(value).is_some() {
            return self.visit_unit();
        }
        write(self.out, value);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        self.out.push(b'[');
        let start = self.out.len();
        loop {
            let comma = self.out.len() > start;
            let before = self.out.len();
            if comma {
                self.out.push(b',');
            }
            if seq.next_element_seed(self.below()?)?.is_none() {
                self.out.truncate(before);
                break;
            }
        }
        self.out.push(b']');
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        self.out.push(b'{');
        let start = self.out.len();
        loop {
            let comma = self.out.len() > start;
            let before = self.out.len();
            if comma {
                self.out.push(b',');
            }
            if map.next_key_seed(self.below()?)?.is_none() {
                self.out.truncate(before);
                break;
            }
            self.out.push(b':');
            map.next_value_seed(self.below()?)?;
        }
        self.out.push(b'}');
        Ok(())
    }
}
