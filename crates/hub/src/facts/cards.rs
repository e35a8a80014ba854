//! Values at the top level of a JSON object, above all of a model's card.
//!
//! Cards are written by strangers. Values that are not asked for are passed over without recursion
//! and without being built, so neither their depth nor their size costs more than reading them
//! once.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The strings under `key` of a JSON object: the value itself if it is a string, its members that
/// are strings if it is a list.
///
/// Blank strings and members of other kinds are left out; strings come as they are, untrimmed. A
/// key that is there with a value of another kind (or null) gives an empty list. Of a repeated key
/// the last counts. `None` if the key is absent or the text is not one whole JSON object.
///
/// ```
/// # use hubcensus_hub::facts::json_strings;
/// assert_eq!(json_strings(r#"{"language": ["en", null, "de"]}"#, "language").unwrap(), ["en", "de"]);
/// ```
pub fn json_strings(json: &str, key: &str) -> Option<Vec<String>> {
    strings_of(value_of(json, key, Others::LeftOut)?)
}

/// Like [`json_strings`], with booleans and numbers as their text, alone or in a list.
///
/// Where strings are written without quotes, a parser may take some for something else: to one of
/// YAML 1.1, `no` is false.
///
/// ```
/// # use hubcensus_hub::facts::json_texts;
/// assert_eq!(json_texts(r#"{"language": ["en", false]}"#, "language").unwrap(), ["en", "false"]);
/// ```
pub fn json_texts(json: &str, key: &str) -> Option<Vec<String>> {
    strings_of(value_of(json, key, Others::Spelled)?)
}

fn strings_of(found: Found) -> Option<Vec<String>> {
    Some(match found {
        Found::Text(text) => vec![text],
        Found::Texts(texts) => texts,
        Found::Int(_) | Found::Other => Vec::new(),
    })
    .map(|mut texts| {
        texts.retain(|text| !text.trim().is_empty());
        texts
    })
}

/// The whole number under `key` of a JSON object; `12.0` counts as 12.
///
/// `None` if the key is absent, its value is no whole number within an `i64` (text is none), or
/// the text is not one whole JSON object. Of a repeated key the last counts.
pub fn json_int(json: &str, key: &str) -> Option<i64> {
    match value_of(json, key, Others::LeftOut)? {
        Found::Int(value) => Some(value),
        _ => None,
    }
}

/// The string under `key` of a JSON object, as it is.
///
/// `None` if the key is absent, its value is not a string, or the text is not one whole JSON
/// object. Of a repeated key the last counts.
pub fn json_string(json: &str, key: &str) -> Option<String> {
    match value_of(json, key, Others::LeftOut)? {
        Found::Text(text) => Some(text),
        _ => None,
    }
}

/// What becomes of booleans and numbers where strings are wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Others {
    LeftOut,
    Spelled,
}

/// The value of a key, as far as anyone asks for it.
enum Found {
    Text(String),
    Texts(Vec<String>),
    Int(i64),
    Other,
}

fn value_of(json: &str, key: &str, others: Others) -> Option<Found> {
    // Most cards lack most keys. A key can be spelt with escapes only where there is a backslash.
    if !json.contains(key) && !json.contains('\\') {
        return None;
    }
    let mut json = serde_json::Deserializer::from_str(json);
    let found = json.deserialize_map(TopLevel { key, others }).ok()?;
    json.end().ok()?;
    found
}

struct TopLevel<'k> {
    key: &'k str,
    others: Others,
}

impl<'de> Visitor<'de> for TopLevel<'_> {
    type Value = Option<Found>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(wanted) = map.next_key_seed(IsKey(self.key))? {
            if wanted {
                found = Some(map.next_value_seed(Value(self.others))?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

struct IsKey<'k>(&'k str);

impl<'de> DeserializeSeed<'de> for IsKey<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for IsKey<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<bool, E> {
        Ok(key == self.0)
    }
}

struct Value(Others);

impl<'de> DeserializeSeed<'de> for Value {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Found, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Value {
    /// A boolean or a number, spelled out or as what it is.
    fn other(self, value: impl ToString, found: Found) -> Found {
        match self.0 {
            Others::Spelled => Found::Text(value.to_string()),
            Others::LeftOut => found,
        }
    }
}

impl<'de> Visitor<'de> for Value {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Found, E> {
        Ok(Found::Text(text.to_owned()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Found, E> {
        Ok(self.other(value, Found::Int(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Found, E> {
        Ok(self.other(value, i64::try_from(value).map_or(Found::Other, Found::Int)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Found, E> {
        let whole = crate::read::integral(value);
        Ok(match whole {
            Some(whole) => self.other(whole, Found::Int(whole)),
            None => self.other(value, Found::Other),
        })
    }

    fn visit_bool<E>(self, value: bool) -> Result<Found, E> {
        Ok(self.other(value, Found::Other))
    }

    fn visit_unit<E>(self) -> Result<Found, E> {
        Ok(Found::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Found, A::Error> {
        let mut texts = Vec::new();
        while let Some(member) = seq.next_element_seed(Member(self.0))? {
            texts.extend(member);
        }
        Ok(Found::Texts(texts))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Found, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Found::Other)
    }
}

/// A member of a list: its text if it has one.
struct Member(Others);

impl<'de> DeserializeSeed<'de> for Member {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Option<String>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Member {
    fn text(found: Found) -> Option<String> {
        match found {
            Found::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl<'de> Visitor<'de> for Member {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member")
    }

    fn visit_str<E>(self, text: &str) -> Result<Option<String>, E> {
        Ok(Some(text.to_owned()))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Option<String>, E> {
        Value(self.0).visit_i64(value).map(Member::text)
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Option<String>, E> {
        Value(self.0).visit_u64(value).map(Member::text)
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Option<String>, E> {
        Value(self.0).visit_f64(value).map(Member::text)
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Option<String>, E> {
        Value(self.0).visit_bool(value).map(Member::text)
    }

    fn visit_unit<E>(self) -> Result<Option<String>, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Option<String>, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<String>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(json: &str, key: &str) -> Option<Vec<String>> {
        json_strings(json, key)
    }

    #[test]
    fn a_string_or_a_list_of_strings() {
        let some = |texts: &[&str]| Some(texts.iter().map(|&t| t.to_owned()).collect::<Vec<_>>());
        assert_eq!(strings(r#"{"language": "en"}"#, "language"), some(&["en"]));
        assert_eq!(
            strings(
                r#"{"a":{"language":"x"},"language":["en","de"]}"#,
                "language"
            ),
            some(&["en", "de"])
        );
        assert_eq!(
            strings(
                r#"{"language":["en",null,false,3,2.5,["fr"],{"k":"v"},""," ","no"]}"#,
                "language"
            ),
            some(&["en", "no"])
        );
        assert_eq!(strings(r#"{"language":null}"#, "language"), some(&[]));
        assert_eq!(strings(r#"{"language":false}"#, "language"), some(&[]));
        assert_eq!(strings(r#"{"language":{"en":"x"}}"#, "language"), some(&[]));
        assert_eq!(
            strings(r#"{"l\u0061nguage":"\u00e9\n"}"#, "language"),
            some(&["é\n"])
        );
        assert_eq!(
            strings(r#"{"language":"en","language":"de"}"#, "language"),
            some(&["de"])
        );
    }

    #[test]
    fn booleans_and_numbers_may_be_spelled_out() {
        let texts = |json: &str| json_texts(json, "language").unwrap();
        assert_eq!(
            texts(
                r#"{"language":["en",null,false,3,2.5,-4,2.0,["fr"],{"k":true},""," ","no",true]}"#
            ),
            ["en", "false", "3", "2.5", "-4", "2", "no", "true"]
        );
        assert_eq!(texts(r#"{"language":false}"#), ["false"]);
        assert_eq!(texts(r#"{"language":{"no":false}}"#), [""; 0]);
        assert_eq!(json_texts("{}", "language"), None);
    }

    #[test]
    fn absent_or_no_json_is_none() {
        for json in [
            "{}",
            "",
            "null",
            "[]",
            "\"language\"",
            "{\"language\"",
            "{\"language\":\"en\"",
            "{\"language\":\"en\"} x",
        ] {
            assert_eq!(strings(json, "language"), None, "{json}");
        }
        assert_eq!(strings(r#"{"languages":"en"}"#, "language"), None);
        assert_eq!(strings(r#"{"a":{"language":"en"}}"#, "language"), None);
        assert_eq!(strings("{'language': 'en'}", "language"), None);
        assert_eq!(
            strings(r#"{"loss": NaN, "language": "en"}"#, "language"),
            None
        );
    }

    #[test]
    fn numbers_and_single_strings() {
        let json = r#"{"total":2795443200,"f":12.0,"half":0.5,"big":9223372036854775808,"text":"12","n":null,"neg":-3}"#;
        assert_eq!(json_int(json, "total"), Some(2_795_443_200));
        assert_eq!(json_int(json, "f"), Some(12));
        assert_eq!(json_int(json, "neg"), Some(-3));
        for key in ["half", "big", "text", "n", "absent"] {
            assert_eq!(json_int(json, key), None, "{key}");
        }
        assert_eq!(
            json_string(r#"{"architecture":"stablelm"}"#, "architecture").as_deref(),
            Some("stablelm")
        );
        assert_eq!(
            json_string(r#"{"architecture":["stablelm"]}"#, "architecture"),
            None
        );
        assert_eq!(
            json_string(r#"{"architecture":""}"#, "architecture").as_deref(),
            Some("")
        );
    }

    #[test]
    fn hostile_cards_do_no_harm() {
        const DEEP: usize = 1_000_000;
        let open = "[".repeat(DEEP);
        let shut = "]".repeat(DEEP);
        assert_eq!(
            strings(&format!(r#"{{"x":{open}{shut},"k":"v"}}"#), "k"),
            Some(vec!["v".to_owned()])
        );
        assert_eq!(
            strings(&format!(r#"{{"k":[{open}{shut},"v"]}}"#), "k"),
            Some(vec!["v".to_owned()])
        );
        assert_eq!(strings(&format!(r#"{{"k":{open}"#), "k"), None);
        assert_eq!(strings(&r#"{"k":"#.repeat(DEEP), "k"), None);
        let long = "x".repeat(5_000_000);
        assert_eq!(
            json_string(&format!(r#"{{"k":"{long}"}}"#), "k").map(|text| text.len()),
            Some(5_000_000)
        );
        assert_eq!(strings("{\"k\":\"\\ud800\"}", "k"), None);
    }
}
