//! Rows set aside, and why.

use std::fmt;

/// The most bytes of a row's content that a reject keeps.
const CONTENT_BYTES: usize = 4_096;

/// The most bytes of a single value that a message shows.
const VALUE_BYTES: usize = 80;

/// A row that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// The row's number, as in the column [`ROW`](super::ROW).
    pub row: u64,
    /// Why, by its first mistake.
    pub reason: Reason,
    /// The column, what was expected and what was found, shortened; how many more mistakes.
    pub detail: String,
    /// The row as it is in the file (of Parquet: the columns read, as JSON), at most 4,096 bytes.
    pub content: String,
}

/// Why a row was set aside. The names are stable: they are counted in published tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The row, or text that should hold JSON, is no JSON.
    NotJson,
    /// The row is not valid UTF-8.
    NotUtf8,
    /// The row is JSON, but not an object.
    NotAnObject,
    /// The row has more bytes than allowed.
    TooLong,
    /// JSON nested deeper than 128 levels.
    TooDeep,
    /// A CSV row with more or fewer fields than its header.
    WrongFieldCount,
    /// A value of another type than the column's.
    WrongType,
    /// Text that is no number, or a number that is not finite.
    NotANumber,
    /// A number with a fraction, where a whole one belongs.
    NotAnInteger,
    /// A number that exceeds the column's type, a timestamp outside 1970 to 2199, or a date outside
    /// 1000 to 2999.
    OutOfRange,
    /// Text that is no date or timestamp.
    NotADate,
    /// Text that is no boolean.
    NotABoolean,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Reason; 12] = [
        Reason::NotJson,
        Reason::NotUtf8,
        Reason::NotAnObject,
        Reason::TooLong,
        Reason::TooDeep,
        Reason::WrongFieldCount,
        Reason::WrongType,
        Reason::NotANumber,
        Reason::NotAnInteger,
        Reason::OutOfRange,
        Reason::NotADate,
        Reason::NotABoolean,
    ];

    /// The reason's stable name, in snake case.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::NotJson => "not_json",
            Reason::NotUtf8 => "not_utf8",
            Reason::NotAnObject => "not_an_object",
            Reason::TooLong => "too_long",
            Reason::TooDeep => "too_deep",
            Reason::WrongFieldCount => "wrong_field_count",
            Reason::WrongType => "wrong_type",
            Reason::NotANumber => "not_a_number",
            Reason::NotAnInteger => "not_an_integer",
            Reason::OutOfRange => "out_of_range",
            Reason::NotADate => "not_a_date",
            Reason::NotABoolean => "not_a_boolean",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is wrong with the row that is being read: its first mistake, and how many follow.
#[derive(Debug, Default)]
pub(super) struct Mistakes {
    first: Option<(Reason, String)>,
    more: usize,
}

impl Mistakes {
    /// Notes a mistake; the detail is only made for the first.
    pub(super) fn note(&mut self, reason: Reason, detail: impl FnOnce() -> String) {
        match self.first {
            None => self.first = Some((reason, detail())),
            Some(_) => self.more += 1,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// The first mistake, if there is one; all are then forgotten.
    pub(super) fn take_first(&mut self) -> Option<(Reason, String)> {
        self.more = 0;
        self.first.take()
    }

    /// The reject for the row, if it has mistakes, which are then forgotten.
    pub(super) fn take(&mut self, row: u64, content: impl FnOnce() -> String) -> Option<Reject> {
        let (reason, mut detail) = self.first.take()?;
        match std::mem::take(&mut self.more) {
            0 => {}
            more => detail.push_str(&format!(" (and {more} more)")),
        }
        Some(Reject {
            row,
            reason,
            detail,
            content: content(),
        })
    }
}

/// The beginning of a row's content, as text.
pub(super) fn content(bytes: &[u8]) -> String {
    shortened(bytes, CONTENT_BYTES)
}

/// A value as messages show it.
pub(super) fn shown(value: &str) -> String {
    shortened(value.as_bytes(), VALUE_BYTES)
}

/// At most `limit` bytes of text; `…` stands for what was left out.
fn shortened(bytes: &[u8], limit: usize) -> String {
    const MARK: &str = "…";
    if bytes.len() <= limit {
        let text = String::from_utf8_lossy(bytes);
        if text.len() <= limit {
            return text.into_owned();
        }
    }
    let head = &bytes[..bytes.len().min(limit)];
    let text = String::from_utf8_lossy(head);
    let mut end = text.len().min(limit - MARK.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    // A character cut in two at the head's end would show as one that is not there.
    let kept = text[..end].trim_end_matches('\u{fffd}');
    format!("{kept}{MARK}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_stable_and_distinct() {
        let names: std::collections::BTreeSet<_> = Reason::ALL.iter().map(|r| r.as_str()).collect();
        assert_eq!(names.len(), Reason::ALL.len());
        assert!(names.iter().all(|name| {
            name.chars()
                .all(|c| c.is_ascii_lowercase() || c == '_' || c == '8')
        }));
    }

    #[test]
    fn content_is_shortened_at_a_character() {
        assert_eq!(content(b"short"), "short");
        let long = content("é".repeat(5_000).as_bytes());
        assert!(
            long.len() <= CONTENT_BYTES && long.ends_with("é…"),
            "{}",
            long.len()
        );
        let wild = content(&[0xff; 5_000]);
        assert!(wild.len() <= CONTENT_BYTES);
        assert_eq!(content(&[b'a', 0xff]), "a\u{fffd}");
    }

    #[test]
    fn the_first_mistake_speaks() {
        let mut mistakes = Mistakes::default();
        assert!(mistakes.take(1, String::new).is_none());
        mistakes.note(Reason::WrongType, || "first".into());
        mistakes.note(Reason::NotADate, || unreachable!());
        let reject = mistakes.take(7, || "row".into()).unwrap();
        assert_eq!(
            (reject.row, reject.reason, reject.detail.as_str()),
            (7, Reason::WrongType, "first (and 1 more)")
        );
        assert!(mistakes.is_empty());
    }
}
