//! Characters that steer a terminal rather than show on it, written out.
//!
//! Names and cards come from strangers. A control character becomes its
//! picture, one column wide: ESC `␛`, line feed `␊`, tab `␉`, DEL `␡`. What has
//! no picture (C1 controls, byte order marks, zero-width characters, changes of
//! the writing direction) becomes `\u{202e}`.

use std::borrow::Cow;

/// Text that is to stand on one line.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    replaced(text, |c| !is_hidden(c))
}

/// Text with line feeds of its own.
pub(crate) fn lines(text: &str) -> Cow<'_, str> {
    replaced(text, |c| c == '\n' || !is_hidden(c))
}

/// Lines whose colours stay: `ESC [ … m`.
pub(crate) fn styled(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for (at, part) in text.split("\u{1b}[").enumerate() {
        if at == 0 {
            shown.push_str(&lines(part));
            continue;
        }
        let digits = part.chars().take_while(|c| c.is_ascii_digit() || *c == ';');
        let length = digits.count();
        match part.get(..length).zip(part.get(length..)) {
            Some((style, rest)) if rest.starts_with('m') => {
                shown.push_str("\u{1b}[");
                shown.push_str(style);
                shown.push_str(&lines(rest));
            }
            _ => {
                shown.push_str("␛[");
                shown.push_str(&lines(part));
            }
        }
    }
    shown
}

fn replaced(text: &str, stays: impl Fn(char) -> bool) -> Cow<'_, str> {
    if text.chars().all(&stays) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if stays(c) {
            shown.push(c);
        } else if let Some(picture) = picture(c) {
            shown.push(picture);
        } else {
            shown.extend(c.escape_unicode());
        }
    }
    Cow::Owned(shown)
}

fn picture(c: char) -> Option<char> {
    match c {
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(c)),
        '\x7f' => Some('␡'),
        _ => None,
    }
}

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
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_steers_a_terminal_is_left() {
        assert_eq!(line("\u{1b}[2J\u{7}a\tb\nc\r"), "␛[2J␇a␉b␊c␍");
        assert_eq!(line("\u{9b}31m\u{7f}"), "\\u{9b}31m␡");
        assert_eq!(
            line("\u{feff}a\u{200b}b\u{202e}c\u{2066}d\u{200f}"),
            "\\u{feff}a\\u{200b}b\\u{202e}c\\u{2066}d\\u{200f}"
        );
        assert_eq!(line("Ünïcode 模型 🤗"), "Ünïcode 模型 🤗");
        assert_eq!(lines("a\nb\u{1b}"), "a\nb␛");
    }

    #[test]
    fn of_styles_only_colours_stay() {
        assert_eq!(
            styled("\u{1b}[1;31merror\u{1b}[0m\u{1b}[2Jx\u{1b}]0;title\u{7}"),
            "\u{1b}[1;31merror\u{1b}[0m␛[2Jx␛]0;title␇"
        );
    }
}
