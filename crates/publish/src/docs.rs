//! The documents of a publication. All are made from its record alone.

mod card;
mod croissant;
mod datapackage;
mod pages;

pub(crate) use card::{CARD, card};

use crate::error::Result;
use crate::record::Publication;

/// All documents but the card and the record, by name.
pub(crate) fn documents(record: &Publication) -> Result<Vec<(&'static str, Vec<u8>)>> {
    Ok(vec![
        (pages::SUMS, pages::sums(record).into_bytes()),
        (pages::COLUMNS, pages::columns(record).into_bytes()),
        (pages::CHANGES, pages::changes(record).into_bytes()),
        (croissant::CROISSANT, croissant::croissant(record)?),
        (datapackage::DATAPACKAGE, datapackage::datapackage(record)?),
    ])
}

/// Text as a cell of a Markdown table.
fn cell(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text.replace('|', "\\|").replace('<', "&lt;")
}

/// The first sentence of a text.
fn first_sentence(text: &str) -> &str {
    text.find(". ")
        .and_then(|end| text.get(..=end))
        .unwrap_or(text)
}

/// A count with its thousands apart.
fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count of things, whose name gets an s where there is not one.
fn counted(value: usize, thing: &str) -> String {
    let ending = if value == 1 { "" } else { "s" };
    format!("{} {thing}{ending}", count(value as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_for_people() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(counted(1, "file"), "1 file");
        assert_eq!(counted(12_000, "file"), "12,000 files");
        assert_eq!(cell("a | b\n  c < d"), "a \\| b c &lt; d");
        assert_eq!(first_sentence("One. Two."), "One.");
        assert_eq!(first_sentence("One (1.5)"), "One (1.5)");
    }
}
