//! `NaN`, `Infinity` and `-Infinity` in JSON text, which JSON lacks and Python writes.

/// What such a number is replaced by: a string that starts with a character that no text should.
const MARK: char = '\0';
const NAMES: [&str; 3] = ["NaN", "Infinity", "-Infinity"];

/// The text with each such number as a string that [`not_finite`] knows; `None` if there is none.
pub(super) fn repaired(text: &str) -> Option<String> {
    if !text.contains("NaN") && !text.contains("Infinity") {
        return None;
    }
    let mut out = String::with_capacity(text.len() + 16);
    let (mut copied, mut at) = (0, 0);
    let bytes = text.as_bytes();
    while at < bytes.len() {
        match bytes[at] {
            b'"' => at = string_end(bytes, at),
            b'N' | b'I' | b'-' => {
                let name = NAMES.into_iter().find(|name| text[at..].starts_with(name));
                let Some(name) = name.filter(|name| is_token(bytes, at, at + name.len())) else {
                    at += 1;
                    continue;
                };
                out.push_str(&text[copied..at]);
                out.push_str("\"\\u0000");
                out.push_str(name);
                out.push('"');
                at += name.len();
                copied = at;
            }
            _ => at += 1,
        }
    }
    (copied > 0).then(|| {
        out.push_str(&text[copied..]);
        out
    })
}

/// Where the string that opens at `at` has ended.
fn string_end(bytes: &[u8], mut at: usize) -> usize {
    at += 1;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn is_token(bytes: &[u8], start: usize, end: usize) -> bool {
    let blank = |b: &u8| matches!(b, b' ' | b'\t' | b'\n' | b'\r');
    let before = start.checked_sub(1).and_then(|before| bytes.get(before));
    let after = bytes.get(end);
    before.is_none_or(|b| blank(b) || matches!(b, b':' | b',' | b'['))
        && after.is_none_or(|b| blank(b) || matches!(b, b',' | b']' | b'}'))
}

/// The number that a string of a repaired text stands for.
pub(super) fn not_finite(text: &str) -> Option<f64> {
    let name = text.strip_prefix(MARK)?;
    let at = NAMES.iter().position(|known| *known == name)?;
    Some([f64::NAN, f64::INFINITY, f64::NEG_INFINITY][at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tokens_are_replaced() {
        let found =
            repaired(r#"{"a":NaN,"b":[ -Infinity , 1,Infinity],"NaN":"NaN, \"NaN","c":-1}"#);
        assert_eq!(
            found.as_deref(),
            Some(
                r#"{"a":"\u0000NaN","b":[ "\u0000-Infinity" , 1,"\u0000Infinity"],"NaN":"NaN, \"NaN","c":-1}"#
            )
        );
        for whole in [
            r#"{"a":"NaN"}"#,
            r#"{"NaN":1}"#,
            r#"{"a":NaNs}"#,
            r#"{"a":xNaN}"#,
            r#"{"a":"\"","b":"Infinity"#,
            "é NaNé",
        ] {
            assert_eq!(repaired(whole), None, "{whole}");
        }
        assert!(not_finite("\0NaN").is_some_and(f64::is_nan));
        assert_eq!(not_finite("\0-Infinity"), Some(f64::NEG_INFINITY));
        assert_eq!(not_finite("NaN"), None);
    }
}
