//! Single values and how text spells them.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, SecondsFormat};

use super::reject::Reason;

/// A single value, whatever the format it comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Scalar<'a> {
    Bool(bool),
    Int(i64),
    UInt(u64),
    Float(f64),
    Text(&'a str),
    /// A moment: microseconds since 1970, UTC.
    Micros(i64),
    /// A date: days since 1970.
    Days(i32),
    /// A value of a type that no column takes, by the type's name.
    Foreign(&'a str),
}

impl Scalar<'_> {
    /// The value as messages show it.
    pub(super) fn shown(&self) -> String {
        match self {
            Scalar::Bool(value) => value.to_string(),
            Scalar::Int(value) => format!("the number {value}"),
            Scalar::UInt(value) => format!("the number {value}"),
            Scalar::Float(value) => format!("the number {value}"),
            Scalar::Text(text) => format!("the text \"{}\"", super::reject::shown(text)),
            Scalar::Micros(value) => format!("the timestamp {}", micros_text(*value)),
            Scalar::Days(value) => format!("the date {}", days_text(*value)),
            Scalar::Foreign(name) => format!("a value of type {name}"),
        }
    }

    /// The value as text: numbers that are whole without a fraction. Nothing is the text of a value
    /// of another type.
    pub(super) fn spelled(&self) -> Option<Cow<'_, str>> {
        Some(match *self {
            Scalar::Text(text) => Cow::Borrowed(text),
            Scalar::Bool(true) => Cow::Borrowed("true"),
            Scalar::Bool(false) => Cow::Borrowed("false"),
            Scalar::Int(value) => value.to_string().into(),
            Scalar::UInt(value) => value.to_string().into(),
            Scalar::Float(value) => match integral(value) {
                Some(value) => value.to_string().into(),
                None => value.to_string().into(),
            },
            Scalar::Micros(value) => micros_text(value).into(),
            Scalar::Days(value) => days_text(value).into(),
            Scalar::Foreign(_) => return None,
        })
    }
}

/// How numbers are spelt in text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Spelling {
    /// The decimal sign is a comma; points between digits group thousands.
    pub(super) decimal_comma: bool,
}

impl Spelling {
    /// The text as numbers are spelt elsewhere.
    fn plain(self, text: &str) -> Cow<'_, str> {
        if !self.decimal_comma || !text.contains([',', '.']) {
            return text.into();
        }
        let (whole, fraction) = text.split_once(',').unwrap_or((text, ""));
        if !is_grouped(whole) || fraction.contains(['.', ',']) {
            // No number in this spelling.
            return "".into();
        }
        let whole = whole.replace('.', "");
        if fraction.is_empty() {
            whole.into()
        } else {
            format!("{whole}.{fraction}").into()
        }
    }

    /// A whole number in text, as a float only if it is not finite.
    pub(super) fn int(self, text: &str) -> Result<Scalar<'static>, Reason> {
        let text = self.plain(text);
        match spelled_int(&text) {
            Err(Reason::NotANumber) => match spelled_not_finite(&text) {
                Some(value) => Ok(Scalar::Float(value)),
                None => Err(Reason::NotANumber),
            },
            value => value.map(Scalar::Int),
        }
    }

    /// A number in text, finite or not.
    pub(super) fn float(self, text: &str) -> Result<f64, Reason> {
        let text = self.plain(text);
        spelled_float(&text).or_else(|reason| spelled_not_finite(&text).ok_or(reason))
    }
}

/// Whether points stand only before groups of three digits.
fn is_grouped(whole: &str) -> bool {
    let mut groups = whole.split('.');
    let first = groups.next().unwrap_or_default().trim_start();
    let all_digits = |group: &str| group.bytes().all(|b| b.is_ascii_digit());
    match groups.clone().next() {
        None => true,
        Some(_) => {
            let first = first.trim_start_matches(['-', '+']);
            (1..=3).contains(&first.len())
                && all_digits(first)
                && groups.all(|group| group.trim_end().len() == 3 && all_digits(group.trim_end()))
        }
    }
}

/// A number in text that is a word: `NaN`, `inf`, `-Infinity`, in any case.
fn spelled_not_finite(text: &str) -> Option<f64> {
    let value = text.trim().parse::<f64>().ok()?;
    let is_word = !text.contains(|c: char| c.is_ascii_digit());
    (is_word && !value.is_finite()).then_some(value)
}

/// Microseconds in a day.
const DAY: i64 = 86_400_000_000;
/// The moments that timestamps may have, 1970 to 2199, as days since 1970.
const MOMENTS: std::ops::Range<i64> = 0..84_006;
/// The dates that are taken, 1000 to 2999, as days since 1970.
const DATES: std::ops::Range<i32> = -354_285..376_200;

/// A double that is a whole number within an `i64`.
pub(crate) fn integral(value: f64) -> Option<i64> {
    // -2^63 is a double, 2^63 - 1 is none: the upper bound excludes 2^63.
    const BOUND: f64 = 9_223_372_036_854_775_808.0;
    let whole = value.fract() == 0.0 && (-BOUND..BOUND).contains(&value);
    whole.then_some(value as i64)
}

/// A whole number as text spells it, `12.0` and `1e3` included.
pub(crate) fn whole_number(text: &str) -> Option<i64> {
    spelled_int(text).ok()
}

pub(super) fn int_of_float(value: f64) -> Result<i64, Reason> {
    integral(value).ok_or(if !value.is_finite() {
        Reason::NotANumber
    } else if value.fract() != 0.0 {
        Reason::NotAnInteger
    } else {
        Reason::OutOfRange
    })
}

/// A whole number in text.
pub(super) fn spelled_int(text: &str) -> Result<i64, Reason> {
    let text = text.trim();
    match text.parse::<i64>() {
        Ok(value) => Ok(value),
        Err(_) => int_of_float(spelled_float(text)?),
    }
}

/// A finite number in text.
pub(super) fn spelled_float(text: &str) -> Result<f64, Reason> {
    match text.trim().parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        _ => Err(Reason::NotANumber),
    }
}

/// A boolean in text.
pub(super) fn spelled_bool(text: &str) -> Result<bool, Reason> {
    match text.trim() {
        "true" | "True" | "TRUE" | "1" => Ok(true),
        "false" | "False" | "FALSE" | "0" => Ok(false),
        _ => Err(Reason::NotABoolean),
    }
}

/// A moment in text, as microseconds since 1970 in UTC.
///
/// A date, alone or followed by `T` or a blank and the time to the second, with or without a
/// fraction (cut after the microsecond) and an offset (`Z`, `+02:00`, `+0200`); without one it is
/// UTC.
pub(super) fn spelled_timestamp(text: &str) -> Result<i64, Reason> {
    let text = text.trim().as_bytes();
    let (date, rest) = text.split_at_checked(10).ok_or(Reason::NotADate)?;
    let days = i64::from(date_of(date)?);
    let micros = match rest {
        [] => 0,
        [b'T' | b't' | b' ', time @ ..] => time_of(time).ok_or(Reason::NotADate)?,
        _ => return Err(Reason::NotADate),
    };
    checked_micros(days * DAY + micros)
}

/// A date in text, as days since 1970; of a moment, its date in UTC.
pub(super) fn spelled_date(text: &str) -> Result<i32, Reason> {
    let text = text.trim();
    if text.len() == 10 {
        date_of(text.as_bytes())
    } else {
        Ok(date_of_micros(spelled_timestamp(text)?))
    }
}

pub(super) fn date_of_micros(micros: i64) -> i32 {
    // The quotient of an i64 and a day in microseconds is far within an i32.
    i32::try_from(micros.div_euclid(DAY)).unwrap_or(i32::MAX)
}

pub(super) fn micros_of_date(days: i32) -> i64 {
    i64::from(days) * DAY
}

pub(super) fn checked_micros(micros: i64) -> Result<i64, Reason> {
    if MOMENTS.contains(&micros.div_euclid(DAY)) {
        Ok(micros)
    } else {
        Err(Reason::OutOfRange)
    }
}

pub(super) fn checked_days(days: i32) -> Result<i32, Reason> {
    if DATES.contains(&days) {
        Ok(days)
    } else {
        Err(Reason::OutOfRange)
    }
}

pub(super) fn micros_text(micros: i64) -> String {
    match DateTime::from_timestamp_micros(micros) {
        Some(moment) => moment.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        None => format!("{micros} µs"),
    }
}

pub(super) fn days_text(days: i32) -> String {
    match NaiveDate::from_epoch_days(days) {
        Some(date) => date.to_string(),
        None => format!("{days} days"),
    }
}

fn date_of(text: &[u8]) -> Result<i32, Reason> {
    let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text else {
        return Err(Reason::NotADate);
    };
    let date = || {
        let year = digits(&[y1, y2, y3, y4])?;
        let (month, day) = (digits(&[m1, m2])?, digits(&[d1, d2])?);
        NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)
    };
    checked_days(date().ok_or(Reason::NotADate)?.to_epoch_days())
}

/// The microseconds from the start of the day in UTC of `HH:MM:SS[.fff][offset]`.
fn time_of(text: &[u8]) -> Option<i64> {
    let &[h1, h2, b':', m1, m2, b':', s1, s2, ref rest @ ..] = text else {
        return None;
    };
    let (hour, minute, second) = (digits(&[h1, h2])?, digits(&[m1, m2])?, digits(&[s1, s2])?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (fraction, offset) = match rest {
        [b'.', rest @ ..] => {
            let end = rest
                .iter()
                .position(|b| !b.is_ascii_digit())
                .unwrap_or(rest.len());
            if end == 0 {
                return None;
            }
            rest.split_at(end)
        }
        _ => (&[][..], rest),
    };
    let micros = (0..6).fold(0, |value, at| {
        value * 10 + fraction.get(at).map_or(0, |b| i64::from(b - b'0'))
    });
    let offset = match offset {
        [] | [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), h1, h2, rest @ ..] => {
            let minutes = match rest {
                [] => 0,
                [b':', m1, m2] | [m1, m2] => digits(&[*m1, *m2])?,
                _ => return None,
            };
            let hours = digits(&[*h1, *h2])?;
            if hours > 23 || minutes > 59 {
                return None;
            }
            let seconds = i64::from(hours * 60 + minutes) * 60;
            if *sign == b'+' { seconds } else { -seconds }
        }
        _ => return None,
    };
    Some((i64::from(hour * 3600 + minute * 60 + second) - offset) * 1_000_000 + micros)
}

fn digits(text: &[u8]) -> Option<u32> {
    text.iter().try_fold(0, |value, b| {
        b.is_ascii_digit().then(|| value * 10 + u32::from(b - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_utc_microseconds() {
        // 2022-03-02T23:29:04Z is the second in the ObjectId 621ffdc0….
        const IMPORTED: i64 = 0x621f_fdc0 * 1_000_000;
        for (text, expected) in [
            ("2022-03-02T23:29:04.000Z", IMPORTED),
            ("2022-03-02T23:29:04Z", IMPORTED),
            ("2022-03-02t23:29:04z", IMPORTED),
            ("2022-03-02 23:29:04", IMPORTED),
            ("2022-03-02T23:29:04", IMPORTED),
            ("2022-03-02 23:29:04.5", IMPORTED + 500_000),
            ("2022-03-02 23:29:04.123456789+00:00", IMPORTED + 123_456),
            ("2022-03-03T01:29:04+02:00", IMPORTED),
            ("2022-03-02T18:29:04-0500", IMPORTED),
            ("2022-03-02T18:29:04-05", IMPORTED),
            ("1970-01-01", 0),
            ("2000-02-29", 951_782_400_000_000),
            (" 2199-12-31 ", 7_258_032_000_000_000),
        ] {
            assert_eq!(spelled_timestamp(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_timestamp_is_told_from_what_is_out_of_range() {
        for text in [
            "",
            "never",
            "2022",
            "2022-03",
            "2022-3-2",
            "08-05-2024",
            "2022-13-01",
            "2022-02-30",
            "2021-02-29",
            "2022-03-02T",
            "2022-03-02T23:29",
            "2022-03-02T24:00:00Z",
            "2022-03-02T23:60:00Z",
            "2022-03-02T23:29:60Z",
            "2022-03-02T23:29:04.Z",
            "2022-03-02T23:29:04+2",
            "2022-03-02T23:29:04 UTC",
            "2022-03-02T23:29:04+25:00",
            "2022-03-02X23:29:04Z",
            "1646263744",
            "２０２２-03-02",
            "2022-03-0é",
            "-022-03-02",
        ] {
            assert_eq!(spelled_timestamp(text), Err(Reason::NotADate), "{text}");
        }
        for text in [
            "0001-01-01T00:00:00Z",
            "1969-12-31",
            "2200-01-01",
            "9999-12-31 23:59:59",
            "1970-01-01T00:00:00+01:00",
        ] {
            assert_eq!(spelled_timestamp(text), Err(Reason::OutOfRange), "{text}");
        }
    }

    #[test]
    fn dates() {
        assert_eq!(spelled_date("1970-01-02"), Ok(1));
        assert_eq!(spelled_date("2025-10-01T23:30:00-01:00"), Ok(20_363));
        assert_eq!(days_text(20_363), "2025-10-02");
        assert_eq!(spelled_date("1958-01-01"), Ok(-4_383));
        assert_eq!(spelled_date("1000-01-01"), Ok(-354_285));
        assert_eq!(spelled_date("2999-12-31"), Ok(376_199));
        assert_eq!(spelled_date("0999-12-31"), Err(Reason::OutOfRange));
        assert_eq!(spelled_date("3000-01-01"), Err(Reason::OutOfRange));
        assert_eq!(spelled_date("2025-10-1"), Err(Reason::NotADate));
    }

    #[test]
    fn whole_numbers_may_be_spelt_as_doubles() {
        for (text, expected) in [
            ("12", 12),
            ("12.0", 12),
            ("-3", -3),
            ("+3", 3),
            ("1e3", 1_000),
            (" 7 ", 7),
            ("-0.0", 0),
            ("9223372036854775807", i64::MAX),
        ] {
            assert_eq!(spelled_int(text), Ok(expected), "{text}");
        }
        for (text, expected) in [
            ("12.5", Reason::NotAnInteger),
            ("1e19", Reason::OutOfRange),
            ("9223372036854775808", Reason::OutOfRange),
            ("NaN", Reason::NotANumber),
            ("inf", Reason::NotANumber),
            ("1e999", Reason::NotANumber),
            ("1,234", Reason::NotANumber),
            ("", Reason::NotANumber),
            ("0x10", Reason::NotANumber),
        ] {
            assert_eq!(spelled_int(text), Err(expected), "{text}");
        }
        assert_eq!(integral(-9_223_372_036_854_775_808.0), Some(i64::MIN));
        assert_eq!(integral(9_223_372_036_854_775_808.0), None);
        assert_eq!(integral(f64::NAN), None);
    }
}
