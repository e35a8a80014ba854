//! Numbers, dates and names as people read them.

use hubcensus_spec::SnapshotDate;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// What a measure counts, and so how its values are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unit {
    name: String,
    is_share: bool,
}

impl Unit {
    /// A unit that begins with `%` is of shares from 0 to 1.
    pub(crate) fn new(unit: &str) -> Self {
        let share = unit.strip_prefix('%');
        Self {
            name: share.unwrap_or(unit).trim().to_owned(),
            is_share: share.is_some(),
        }
    }

    pub(crate) fn is_share(&self) -> bool {
        self.is_share
    }

    /// The unit as the title of an axis.
    pub(crate) fn title(&self) -> String {
        match (self.is_share, self.name.as_str()) {
            (true, "") => "share".to_owned(),
            (true, name) => format!("share {name}"),
            (false, name) => name.to_owned(),
        }
    }

    /// A value in few digits.
    pub(crate) fn short(&self, value: f64) -> String {
        if self.is_share {
            percent(value)
        } else {
            short(value)
        }
    }

    /// A point on an axis: of round numbers without the zeros that others need.
    pub(crate) fn tick(&self, value: f64) -> String {
        if self.is_share {
            let text = decimals(value * 100.0, 2);
            format!("{}%", trimmed(&text))
        } else {
            let text = short(value);
            match text.char_indices().find(|(_, c)| c.is_alphabetic()) {
                Some((at, _)) => {
                    let (number, suffix) = text.split_at(at);
                    format!("{}{suffix}", trimmed(number))
                }
                None => trimmed(&text).to_owned(),
            }
        }
    }
}

/// A number in four digits at most: `257.2M`, `1,234`, `0.0123`.
pub(crate) fn short(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let size = value.abs();
    if size != 0.0 && size < 1.0 {
        let digits = (1..8).find(|digits| size >= 10_f64.powi(-digits));
        return match digits {
            Some(digits) => {
                let wanted = usize::try_from(digits + 2).unwrap_or(9);
                trimmed(&decimals(value, wanted)).to_owned()
            }
            None => format!("{value:.1e}"),
        };
    }
    if size < 9_999.5 {
        let text = match size {
            _ if value.fract() == 0.0 => decimals(value, 0),
            ..9.995 => decimals(value, 2),
            ..999.5 => decimals(value, 1),
            _ => decimals(value, 0),
        };
        return grouped(&text);
    }
    let steps = [(1e3, "k"), (1e6, "M"), (1e9, "B"), (1e12, "T")];
    let mut said = String::new();
    for (step, suffix) in steps {
        said = format!("{}{suffix}", decimals(value / step, 1));
        // 999.96k is 1.0M in four digits.
        if size / step < 999.95 {
            break;
        }
    }
    said
}

/// A share: never nothing or all where it is not.
pub(crate) fn percent(share: f64) -> String {
    if !share.is_finite() {
        return "–".to_owned();
    }
    let text = decimals(share * 100.0, 1);
    match text.as_str() {
        "0.0" if share > 0.0 => "<0.1%".to_owned(),
        "0.0" if share < 0.0 => ">−0.1%".to_owned(),
        "100.0" if share < 1.0 => ">99.9%".to_owned(),
        _ => format!("{}%", grouped(&text)),
    }
}

/// A number in full, thousands apart.
pub(crate) fn exact(value: f64) -> String {
    let text = if value.fract() == 0.0 {
        decimals(value, 0)
    } else {
        value.to_string().replace('-', "−")
    };
    grouped(&text)
}

/// `22 August 2026`
pub(crate) fn date(date: SnapshotDate) -> String {
    let text = date.to_string();
    in_words(&text).unwrap_or(text)
}

/// A date or a month in words: `22 August 2026` of `2026-08-22`, `August 2026` of `2026-08`.
pub(crate) fn in_words(text: &str) -> Option<String> {
    let mut parts = text.splitn(3, '-');
    let year = parts.next().filter(|year| year.len() == 4)?;
    year.parse::<u16>().ok()?;
    let month: usize = parts.next()?.parse().ok()?;
    let month = MONTHS.get(month.checked_sub(1)?)?;
    match parts.next() {
        None => Some(format!("{month} {year}")),
        Some(day) => Some(format!("{} {month} {year}", day.parse::<u8>().ok()?)),
    }
}

/// A count.
pub(crate) fn count(value: usize) -> String {
    grouped(&value.to_string())
}

/// A count of things, whose name gets an s where there is not one.
pub(crate) fn counted(value: usize, thing: &str) -> String {
    let ending = if value == 1 { "" } else { "s" };
    format!("{} {thing}{ending}", count(value))
}

/// A name of a column or a value in words.
pub(crate) fn words(name: &str) -> String {
    name.replace('_', " ")
}

fn decimals(value: f64, count: usize) -> String {
    let text = format!("{value:.count$}");
    let is_zero = text.chars().all(|c| matches!(c, '-' | '0' | '.'));
    match text.strip_prefix('-') {
        Some(rest) if is_zero => rest.to_owned(),
        Some(rest) => format!("−{rest}"),
        None => text,
    }
}

/// Without the zeros behind the point.
fn trimmed(text: &str) -> &str {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    }
}

/// Thousands apart before the point.
fn grouped(text: &str) -> String {
    let (sign, rest) = match text.strip_prefix('−') {
        Some(rest) => ("−", rest),
        None => ("", text),
    };
    let (whole, fraction) = match rest.find('.') {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let mut out = String::from(sign);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out.push_str(fraction);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_few_digits() {
        let cases = [
            (0.0, "0"),
            (7.0, "7"),
            (7.25, "7.25"),
            (72.25, "72.2"),
            (999.0, "999"),
            (1_234.0, "1,234"),
            (1_234.5, "1,234"),
            (9_999.0, "9,999"),
            (10_000.0, "10.0k"),
            (12_345.0, "12.3k"),
            (999_960.0, "1.0M"),
            (257_163_909.0, "257.2M"),
            (45_438_836_957.0, "45.4B"),
            (2.5e12, "2.5T"),
            (7.5e15, "7500.0T"),
            (-1_500_000.0, "−1.5M"),
            (0.25, "0.25"),
            (0.012_34, "0.0123"),
            (f64::NAN, "–"),
        ];
        for (value, text) in cases {
            assert_eq!(short(value), text, "{value}");
        }
    }

    #[test]
    fn shares_are_never_nothing_or_all_where_they_are_not() {
        let cases = [
            (0.281_6, "28.2%"),
            (0.0, "0.0%"),
            (0.000_4, "<0.1%"),
            (1.0, "100.0%"),
            (0.999_9, ">99.9%"),
            (-0.000_1, ">−0.1%"),
            (12.5, "1,250.0%"),
        ];
        for (share, text) in cases {
            assert_eq!(percent(share), text, "{share}");
        }
    }

    #[test]
    fn ticks_have_no_zeros_that_say_nothing() {
        let (share, count) = (Unit::new("% of downloads"), Unit::new("downloads"));
        assert_eq!(share.title(), "share of downloads");
        assert_eq!(Unit::new("%").title(), "share");
        assert_eq!(share.tick(0.2), "20%");
        assert_eq!(share.tick(0.025), "2.5%");
        assert_eq!(count.tick(2e8), "200M");
        assert_eq!(count.tick(2.5e8), "250M");
        assert_eq!(count.tick(1_000.0), "1,000");
        assert_eq!(count.tick(0.5), "0.5");
    }

    #[test]
    fn dates_are_in_words() {
        assert_eq!(in_words("2026-08-22").as_deref(), Some("22 August 2026"));
        assert_eq!(in_words("2026-01").as_deref(), Some("January 2026"));
        for other in ["2026", "unknown", "2026-13", "2026-00-01", "26-01", "a-01"] {
            assert_eq!(in_words(other), None, "{other}");
        }
        assert_eq!(exact(1_234_567.0), "1,234,567");
        assert_eq!(exact(-1_234.5), "−1,234.5");
    }
}
