//! Quantities as people abbreviate them.

/// The number that a quantity such as `7.62B`, `104K`, `145M params` or `1,234` states.
///
/// A quantity is a number, a unit, a word, of which the last two may be absent and between which
/// there may be blanks:
/// - the number has digits, at most one `.`, and may be grouped by `,` in threes; no sign;
/// - the unit is `K` (thousand), `M` (million), `B` or `G` (thousand million) or `T` (million
///   million), in either case;
/// - the word is `param`, `params`, `parameter` or `parameters`, in any case.
///
/// The arithmetic is decimal and exact, a fraction of one that remains is rounded half up.
/// `None` for everything else: no number, a fraction without a unit (`0.5`), a unit that is none
/// (`15.2 GB`), a range, more than an `i64` holds.
///
/// ```
/// # use hubcensus_hub::facts::parse_quantity;
/// assert_eq!(parse_quantity("8.03B params"), Some(8_030_000_000));
/// ```
pub fn parse_quantity(text: &str) -> Option<i64> {
    let text = text.trim();
    let end = text
        .find(|c: char| !matches!(c, '0'..='9' | '.' | ','))
        .unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole = ungrouped(whole)?;
    if !fraction.bytes().all(|b| b.is_ascii_digit())
        || (number.contains('.') && fraction.is_empty())
    {
        return None;
    }
    let rest = rest.trim_start();
    let unit = rest.split(|c: char| c.is_whitespace()).next().unwrap_or("");
    let (zeros, word) = match unit {
        "k" | "K" => (3, &rest[1..]),
        "m" | "M" => (6, &rest[1..]),
        "b" | "B" | "g" | "G" => (9, &rest[1..]),
        "t" | "T" => (12, &rest[1..]),
        _ => (0, rest),
    };
    let word = word.trim_start().to_ascii_lowercase();
    if !matches!(
        word.as_str(),
        "" | "param" | "params" | "parameter" | "parameters"
    ) {
        return None;
    }
    scaled(&whole, fraction, zeros)
}

/// The digits of a whole number without its group separators, if those stand where they should.
fn ungrouped(text: &str) -> Option<String> {
    let mut groups = text.split(',');
    let first = groups.next()?;
    let digits = |group: &str| group.bytes().all(|b| b.is_ascii_digit());
    if first.is_empty() || !digits(first) {
        return None;
    }
    let mut whole = first.to_owned();
    for group in groups {
        if first.len() > 3 || group.len() != 3 || !digits(group) {
            return None;
        }
        whole.push_str(group);
    }
    Some(whole)
}

/// `whole.fraction` times ten to the power of `zeros`, rounded half up; `None` beyond an `i64`, or
/// for a fraction that nothing scales.
pub(super) fn scaled(whole: &str, fraction: &str, zeros: usize) -> Option<i64> {
    if zeros == 0 && fraction.bytes().any(|b| b != b'0') {
        return None;
    }
    let mut value: i64 = 0;
    let mut push = |digit: u8| {
        value = value
            .checked_mul(10)?
            .checked_add(i64::from(digit - b'0'))?;
        Some(())
    };
    for digit in whole.bytes() {
        push(digit)?;
    }
    let mut digits = fraction.bytes();
    for _ in 0..zeros {
        push(digits.next().unwrap_or(b'0'))?;
    }
    if digits.next().is_some_and(|digit| digit >= b'5') {
        value = value.checked_add(1)?;
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_exactly() {
        for (text, expected) in [
            ("7.62B", 7_620_000_000),
            ("104K", 104_000),
            ("145M params", 145_000_000),
            ("8.03B params", 8_030_000_000),
            ("1,234", 1_234),
            ("1,234,567", 1_234_567),
            ("1,234.5K", 1_234_500),
            (" 12 ", 12),
            ("0", 0),
            ("12.0", 12),
            ("1.2 M", 1_200_000),
            ("671b parameters", 671_000_000_000),
            ("1.04T Params", 1_040_000_000_000),
            ("2g", 2_000_000_000),
            ("12 params", 12),
            ("0.1B", 100_000_000),
            // Doubles would make 1,099,999,999 of it.
            ("1.1B", 1_100_000_000),
            ("1.2345K", 1_235),
            ("9223372036854775807", i64::MAX),
        ] {
            assert_eq!(parse_quantity(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_quantity_is_none() {
        for text in [
            "",
            " ",
            "B",
            "params",
            "-5",
            "+5",
            "0.5",
            "5.",
            ".5B",
            "1.2.3B",
            "1,23",
            "1234,567",
            ",123",
            "12,",
            "15.2 GB",
            "7BB",
            "7 B B",
            "7-8B",
            "<1K",
            "~7B",
            "1e9",
            "NaN",
            "seven",
            "7B tokens",
            "7é",
            "７B",
            "9223372036854775808",
            "9999999999T",
            "7B params params",
        ] {
            assert_eq!(parse_quantity(text), None, "{text}");
        }
    }

    #[test]
    fn a_million_digits_do_no_harm() {
        assert_eq!(parse_quantity(&"9".repeat(1_000_000)), None);
        assert_eq!(
            parse_quantity(&format!("1.{}B", "3".repeat(1_000_000))),
            Some(1_333_333_333)
        );
    }
}
