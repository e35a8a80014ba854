//! How numbers are written for people: thousands apart, with the digits that
//! matter.

use indicatif::{DecimalBytes, HumanCount};

/// Digits that a fraction is shown with at least.
const SIGNIFICANT: i32 = 3;

/// Decimals that a column is shown with at most.
const MOST: usize = 9;

/// Digits in which two numbers may differ without having been rounded apart.
const EXACT: i32 = 12;

/// A whole number.
pub(crate) fn thousands(value: i64) -> String {
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}{}", HumanCount(value.unsigned_abs()))
}

/// A count.
pub(crate) fn count(value: u64) -> String {
    HumanCount(value).to_string()
}

/// A count of things, whose name gets an s where there is not one.
pub(crate) fn counted(value: impl TryInto<u64>, thing: &str) -> String {
    let value = value.try_into().unwrap_or(u64::MAX);
    let ending = match (value, thing.strip_suffix('y')) {
        (1, _) => return format!("1 {thing}"),
        (_, Some(stem)) => return format!("{} {stem}ies", count(value)),
        (_, None) => "s",
    };
    format!("{} {thing}{ending}", count(value))
}

/// A size.
pub(crate) fn bytes(value: u64) -> String {
    DecimalBytes(value).to_string()
}

/// The numbers of a column, all with as many decimals: so many that the
/// smallest has three digits, and that rows that differ look different.
pub(crate) fn fractions(values: &[Option<f64>]) -> Vec<Option<String>> {
    let there: Vec<f64> = values.iter().copied().flatten().collect();
    let finite: Vec<f64> = there.iter().copied().filter(|v| v.is_finite()).collect();
    let needed = finite.iter().filter(|v| **v != 0.0).map(|v| needed(*v));
    let base = needed.max().unwrap_or(0).clamp(2, MOST);
    if finite.iter().all(|value| value.fract() == 0.0) {
        return values
            .iter()
            .map(|value| value.map(|value| fraction(value, 0)))
            .collect();
    }
    let apart = |decimals: usize| {
        let mut texts: Vec<String> = finite.iter().map(|v| format!("{v:.decimals$}")).collect();
        texts.sort_unstable();
        texts.dedup();
        texts.len()
    };
    let largest = finite.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
    let most = usize::try_from(EXACT - 1 - magnitude(largest)).unwrap_or(0);
    let most = most.clamp(base, MOST.max(base));
    let wanted = apart(most);
    let mut decimals = (base..=most)
        .find(|decimals| apart(*decimals) == wanted)
        .unwrap_or(base);
    // Zeros at the end of all of them say nothing.
    while decimals > 2
        && finite
            .iter()
            .all(|v| format!("{v:.decimals$}").ends_with('0'))
    {
        decimals -= 1;
    }
    values
        .iter()
        .map(|value| value.map(|value| fraction(value, decimals)))
        .collect()
}

/// The power of ten of a number's first digit.
fn magnitude(value: f64) -> i32 {
    if value == 0.0 {
        return 0;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the logarithm of a finite number is between -324 and 309"
    )]
    let magnitude = value.abs().log10().floor() as i32;
    magnitude
}

/// The decimals with which a number has three digits.
fn needed(value: f64) -> usize {
    usize::try_from(SIGNIFICANT - 1 - magnitude(value)).unwrap_or(0)
}

/// A number with so many decimals, or more where it would read as a whole
/// number that it is not.
fn fraction(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return value.to_string();
    }
    let text = format!("{value:.decimals$}");
    let reads: f64 = text.parse().unwrap_or(value);
    if reads.fract() == 0.0 && value.fract() != 0.0 {
        if value.abs() < 1e-4 {
            return format!("{value:.2e}");
        }
        if value.abs() < 1000.0 {
            return value.to_string();
        }
    }
    let text = if reads == 0.0 {
        text.trim_start_matches('-')
    } else {
        &text
    };
    grouped(text)
}

/// Thousands apart before the point.
fn grouped(text: &str) -> String {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let Ok(number) = whole.parse::<i64>() else {
        return text.to_owned();
    };
    let sign = if whole.starts_with('-') && number == 0 {
        "-"
    } else {
        ""
    };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{fraction}", thousands(number))
}

/// A share in percent: never nothing or all where it is not.
pub(crate) fn percent(share: f64) -> String {
    let text = format!("{:.2}", share * 100.0);
    match text.as_str() {
        "0.00" | "-0.00" if share > 0.0 => "<0.01%".to_owned(),
        "0.00" | "-0.00" if share < 0.0 => ">-0.01%".to_owned(),
        "-0.00" => "0.00%".to_owned(),
        "100.00" if share < 1.0 => ">99.99%".to_owned(),
        "100.00" if share > 1.0 => ">100.00%".to_owned(),
        _ => format!("{}%", grouped(&text)),
    }
}

/// A difference of shares in percentage points.
pub(crate) fn points(difference: f64) -> String {
    let text = format!("{:+.2}", difference * 100.0);
    match text.as_str() {
        "+0.00" | "-0.00" if difference > 0.0 => "+<0.01 pp".to_owned(),
        "+0.00" | "-0.00" if difference < 0.0 => "-<0.01 pp".to_owned(),
        "+0.00" | "-0.00" => "0.00 pp".to_owned(),
        _ => format!("{text} pp"),
    }
}

/// What the name of a column says of its fractions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// A part of a whole.
    Share,
    /// The difference of two shares.
    Points,
    /// Any other number.
    Number,
}

/// What a column of fractions means, by the words of its name.
pub(crate) fn meaning(name: &str) -> Meaning {
    let words: Vec<&str> = name
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    if !words.contains(&"share") {
        return Meaning::Number;
    }
    let differs = [
        "gained",
        "lost",
        "change",
        "changed",
        "difference",
        "points",
    ];
    if words.iter().any(|word| differs.contains(word)) {
        Meaning::Points
    } else {
        Meaning::Share
    }
}

/// A bar as long as `part` is of `whole`, in eighths of a column.
pub(crate) fn bar(part: f64, whole: f64, width: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    if !(part > 0.0 && whole > 0.0) {
        return String::new();
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "between nothing and the width"
    )]
    let eighths = ((part / whole).min(1.0) * (width * 8) as f64).round() as usize;
    let rest = EIGHTHS.get(eighths % 8).copied().unwrap_or_default();
    format!("{}{rest}", "█".repeat(eighths / 8))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(values: &[f64]) -> Vec<String> {
        let values: Vec<Option<f64>> = values.iter().copied().map(Some).collect();
        fractions(&values).into_iter().flatten().collect()
    }

    #[test]
    fn counts_for_people() {
        assert_eq!(thousands(45_438_836_957), "45,438,836,957");
        assert_eq!(thousands(-1234), "-1,234");
        assert_eq!(thousands(i64::MIN), "-9,223,372,036,854,775,808");
        assert_eq!(counted(1_u64, "row"), "1 row");
        assert_eq!(counted(0_u64, "row"), "0 rows");
        assert_eq!(counted(1200_u64, "entity"), "1,200 entities");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(1_234_567), "1.23 MB");
    }

    #[test]
    fn fractions_have_the_digits_that_matter() {
        assert_eq!(column(&[0.997]), ["0.997"]);
        // Four days of one Gini.
        assert_eq!(
            column(&[0.994_257, 0.994_261, 0.994_302, 0.994_257]),
            ["0.994257", "0.994261", "0.994302", "0.994257"]
        );
        assert_eq!(column(&[0.021, 0.5]), ["0.021", "0.500"]);
        assert_eq!(column(&[0.0214, 0.5]), ["0.0214", "0.5000"]);
        assert_eq!(column(&[21_641.4, 0.0]), ["21,641.40", "0.00"]);
        assert_eq!(column(&[9.5, 7.25]), ["9.50", "7.25"]);
        assert_eq!(column(&[-0.4, -1234.5]), ["-0.40", "-1,234.50"]);
        assert_eq!(column(&[1.0, 0.999_999_99]), ["1.00000000", "0.99999999"]);
        assert_eq!(column(&[0.999_999_999_9]), ["0.9999999999"]);
        assert_eq!(column(&[1e-12, 2.0])[0], "1.00e-12");
        // What differs only by how sums are rounded is the same.
        assert_eq!(column(&[0.1 + 0.2, 0.3]), ["0.30", "0.30"]);
        assert_eq!(column(&[-0.0, 25.0, 10_147.0]), ["0", "25", "10,147"]);
        assert_eq!(column(&[-0.0, 0.25]), ["0.00", "0.25"]);
        assert_eq!(column(&[f64::NAN, f64::INFINITY]), ["NaN", "inf"]);
    }

    #[test]
    fn shares_are_neither_nothing_nor_all_where_they_are_not() {
        assert_eq!(percent(0.164_9), "16.49%");
        assert_eq!(percent(0.0), "0.00%");
        assert_eq!(percent(1.0), "100.00%");
        assert_eq!(percent(0.000_01), "<0.01%");
        assert_eq!(percent(0.999_99), ">99.99%");
        assert_eq!(percent(28.25), "2,825.00%");
    }

    #[test]
    fn differences_of_shares_are_points() {
        assert_eq!(points(0.0052), "+0.52 pp");
        assert_eq!(points(-0.2576), "-25.76 pp");
        assert_eq!(points(0.0), "0.00 pp");
        assert_eq!(points(-0.000_001), "-<0.01 pp");
        assert_eq!(meaning("share_gained"), Meaning::Points);
        assert_eq!(meaning("downloads_share"), Meaning::Share);
        assert_eq!(meaning("sum(aggregate.e.downloads_share)"), Meaning::Share);
        assert_eq!(meaning("shareholders"), Meaning::Number);
    }

    #[test]
    fn bars() {
        assert_eq!(bar(1.0, 1.0, 4), "████");
        assert_eq!(bar(0.5, 1.0, 3), "█▌");
        assert_eq!(bar(0.0, 1.0, 3), "");
        assert_eq!(bar(2.0, 1.0, 2), "██");
    }
}
