//! Text from strangers in markup: it stays text, and what steers rather than shows is made visible.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// The width of a narrow character in a proportional font, in parts of the font's size. Digits and
/// most letters are narrower, capitals wider.
const CHARACTER: f64 = 0.62;

/// The most characters of a name that are drawn, or put where it is shown in full.
const LONGEST: usize = 400;

/// Text as it may stand in HTML, in SVG, and in an attribute in double quotes.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(' '),
            c if is_hidden(c) => out.push(visible(c)),
            c => out.push(c),
        }
    }
    out
}

/// The picture of a control character; the replacement character for those that have none.
fn visible(c: char) -> char {
    match c {
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\x7f' => '␡',
        _ => '\u{fffd}',
    }
}

/// Controls, changes of the writing direction, and characters without width or without meaning in
/// XML.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fffe}'
                | '\u{ffff}'
        )
}

/// The width of a text in so large a font, about.
pub(crate) fn width(text: &str, font: f64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a text of a name's length")]
    let columns = text.width() as f64;
    columns * font * CHARACTER
}

/// As much of a text as fits, with `…` for the rest.
pub(crate) fn fitting(text: &str, font: f64, room: f64) -> String {
    if width(text, font) <= room {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = font * CHARACTER;
    for c in text.chars().take(LONGEST) {
        #[expect(clippy::cast_precision_loss, reason = "0, 1 or 2")]
        let wide = c.width().unwrap_or(1) as f64;
        used += wide * font * CHARACTER;
        if used > room {
            break;
        }
        out.push(c);
    }
    let kept = out.trim_end().len();
    out.truncate(kept);
    out.push('…');
    out
}

/// A text of a bounded length.
pub(crate) fn bounded(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
    }
}

/// A text as part of a file's name and of an address: lowercase letters, digits, `-`.
pub(crate) fn slug(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    out.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_stay_text() {
        assert_eq!(
            escaped("<script>alert(\"1\")</script>&'"),
            "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;"
        );
        assert_eq!(escaped("a\u{1b}[2J\0\nb"), "a␛[2J␀ b");
        // Overrides of the direction cannot turn what follows round.
        assert_eq!(escaped("abc\u{202e}gpj.exe"), "abc\u{fffd}gpj.exe");
        assert_eq!(escaped("שלום/模型"), "שלום/模型");
    }

    #[test]
    fn long_names_are_shortened() {
        let long = "x".repeat(300);
        let short = fitting(&long, 10.0, 62.5);
        // Ten narrow characters have room, the last is the ellipsis.
        assert_eq!(short, format!("{}…", "x".repeat(9)));
        assert_eq!(fitting("模型模型模型", 10.0, 44.0), "模型模…");
        assert_eq!(fitting("short", 10.0, 62.0), "short");
        assert_eq!(bounded(&"é".repeat(500)).chars().count(), 401);
    }

    #[test]
    fn slugs_are_plain() {
        assert_eq!(slug("What is built on what?"), "what-is-built-on-what");
        assert_eq!(slug("../../Ünder <b>"), "nder-b");
    }
}
