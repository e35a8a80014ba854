//! Which snapshots are meant: UTC calendar dates, and sets of them as a person writes them.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};

/// The date of a snapshot: a calendar date in UTC, from year 0001 to 9999.
///
/// ```
/// # use hubcensus_spec::SnapshotDate;
/// let date: SnapshotDate = "2026-08-22".parse()?;
/// assert_eq!(date.succ().unwrap().to_string(), "2026-08-23");
/// # Ok::<(), hubcensus_spec::DateError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SnapshotDate(NaiveDate);

/// Why a text is no date, or no set of dates.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DateError {
    /// Not of the form `YYYY-MM-DD`.
    #[error("`{0}` is no date: expected YYYY-MM-DD")]
    Form(String),
    /// Of that form, but there is no such day.
    #[error("`{0}` is no date: there is no such day in the calendar")]
    Day(String),
    /// The range ends before it begins.
    #[error("`{first}..{last}` is no range: it ends before it begins; write `{last}..{first}`")]
    Reversed {
        /// The date before the dots.
        first: SnapshotDate,
        /// The date after the dots.
        last: SnapshotDate,
    },
    /// Nothing stands where a date belongs.
    #[error(
        "`{0}` lacks a date: expected dates and ranges such as 2026-08-19..2026-08-22,2026-09-01"
    )]
    Empty(String),
    /// More dates than any history of snapshots has.
    #[error("`{0}` is more than {MAX_DATES} dates: is the year right?")]
    TooMany(String),
}

/// The most dates that a [`DateSet`] holds: a century of days.
pub const MAX_DATES: usize = 36_525;

const FIRST_DAY: i32 = -719_162;
const LAST_DAY: i32 = 2_932_896;

impl SnapshotDate {
    /// The date `days` after 1970-01-01 (before it, if negative); `None` outside the years 1 to 9999.
    pub fn from_days_since_epoch(days: i32) -> Option<Self> {
        if !(FIRST_DAY..=LAST_DAY).contains(&days) {
            return None;
        }
        NaiveDate::from_epoch_days(days).map(Self)
    }

    /// Days since 1970-01-01, as Arrow's `Date32` counts them.
    pub fn days_since_epoch(self) -> i32 {
        self.0.to_epoch_days()
    }

    /// The day after; `None` after 9999-12-31.
    pub fn succ(self) -> Option<Self> {
        Self::from_days_since_epoch(self.days_since_epoch() + 1)
    }

    /// The day before; `None` before 0001-01-01.
    pub fn pred(self) -> Option<Self> {
        Self::from_days_since_epoch(self.days_since_epoch() - 1)
    }
}

impl From<SnapshotDate> for NaiveDate {
    fn from(date: SnapshotDate) -> Self {
        date.0
    }
}

impl FromStr for SnapshotDate {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        let form = || DateError::Form(text.to_owned());
        let bytes = text.as_bytes();
        let well_formed = bytes.len() == 10
            && bytes.iter().enumerate().all(|(i, b)| match i {
                4 | 7 => *b == b'-',
                _ => b.is_ascii_digit(),
            });
        if !well_formed {
            return Err(form());
        }
        let part = |range: std::ops::Range<usize>| -> Result<u32, DateError> {
            text.get(range)
                .and_then(|digits| digits.parse().ok())
                .ok_or_else(form)
        };
        let (year, month, day) = (part(0..4)?, part(5..7)?, part(8..10)?);
        i32::try_from(year)
            .ok()
            .filter(|year| *year >= 1)
            .and_then(|year| NaiveDate::from_ymd_opt(year, month, day))
            .map(Self)
            .ok_or_else(|| DateError::Day(text.to_owned()))
    }
}

impl fmt::Display for SnapshotDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format_args!(
            "{:04}-{:02}-{:02}",
            self.0.year(),
            self.0.month(),
            self.0.day()
        )
        .to_string();
        f.pad(&text)
    }
}

impl fmt::Debug for SnapshotDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for SnapshotDate {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for SnapshotDate {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Dates in ascending order, each once, at least one and at most [`MAX_DATES`].
///
/// Written as dates and ranges with commas between them; both ends of a range are included.
///
/// ```
/// # use hubcensus_spec::DateSet;
/// let dates: DateSet = "2026-09-01,2026-08-30..2026-09-01".parse()?;
/// let dates: Vec<String> = dates.iter().map(|date| date.to_string()).collect();
/// assert_eq!(dates, ["2026-08-30", "2026-08-31", "2026-09-01"]);
/// # Ok::<(), hubcensus_spec::DateError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DateSet(Vec<SnapshotDate>);

impl DateSet {
    /// The dates given, sorted, each once; `None` if there is none.
    pub fn new(dates: impl IntoIterator<Item = SnapshotDate>) -> Option<Self> {
        let mut dates: Vec<SnapshotDate> = dates.into_iter().collect();
        dates.sort_unstable();
        dates.dedup();
        (!dates.is_empty()).then_some(Self(dates))
    }

    /// The dates, ascending.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = SnapshotDate> + ExactSizeIterator + '_ {
        self.0.iter().copied()
    }

    /// The dates, ascending.
    pub fn as_slice(&self) -> &[SnapshotDate] {
        &self.0
    }

    /// Whether `date` is one of them.
    pub fn contains(&self, date: SnapshotDate) -> bool {
        self.0.binary_search(&date).is_ok()
    }
}

impl<'a> IntoIterator for &'a DateSet {
    type Item = SnapshotDate;
    type IntoIter = std::iter::Copied<std::slice::Iter<'a, SnapshotDate>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().copied()
    }
}

impl FromStr for DateSet {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        let date = |part: &str| match part.trim() {
            "" => Err(DateError::Empty(text.to_owned())),
            part => part.parse::<SnapshotDate>(),
        };
        let mut dates = Vec::new();
        for part in text.split(',') {
            let (first, last) = match part.split_once("..") {
                Some((first, last)) => (date(first)?, date(last)?),
                None => {
                    let day = date(part)?;
                    (day, day)
                }
            };
            if last < first {
                return Err(DateError::Reversed { first, last });
            }
            let days = first.days_since_epoch()..=last.days_since_epoch();
            if dates.len() + days.clone().count() > MAX_DATES {
                return Err(DateError::TooMany(text.to_owned()));
            }
            dates.extend(days.filter_map(SnapshotDate::from_days_since_epoch));
        }
        Self::new(dates).ok_or_else(|| DateError::Empty(text.to_owned()))
    }
}

/// As few dates and ranges as possible: `2026-08-19..2026-08-22,2026-09-01`.
impl fmt::Display for DateSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.as_slice();
        let mut comma = "";
        while let Some(first) = rest.first() {
            let run = rest
                .iter()
                .zip(first.days_since_epoch()..)
                .take_while(|(date, day)| date.days_since_epoch() == *day)
                .count();
            write!(f, "{comma}{first}")?;
            if let Some(last) = rest.get(run - 1).filter(|last| *last != first) {
                write!(f, "..{last}")?;
            }
            comma = ",";
            rest = rest.get(run..).unwrap_or_default();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> SnapshotDate {
        text.parse().unwrap()
    }

    #[test]
    fn counts_days_as_arrow_does() {
        // Known values: Unix time 0; 2026-08-22T00:00:00Z is 1787356800 s = 20687 days.
        assert_eq!(date("1970-01-01").days_since_epoch(), 0);
        assert_eq!(date("1969-12-31").days_since_epoch(), -1);
        assert_eq!(date("2000-03-01").days_since_epoch(), 11_017);
        assert_eq!(date("2026-08-22").days_since_epoch(), 20_687);
        assert_eq!(
            SnapshotDate::from_days_since_epoch(20_687),
            Some(date("2026-08-22"))
        );
        assert_eq!(date("0001-01-01").days_since_epoch(), FIRST_DAY);
        assert_eq!(date("9999-12-31").days_since_epoch(), LAST_DAY);
    }

    #[test]
    fn steps_over_months_and_stops_at_the_ends() {
        assert_eq!(date("2024-02-28").succ(), Some(date("2024-02-29")));
        assert_eq!(date("2025-03-01").pred(), Some(date("2025-02-28")));
        assert_eq!(date("9999-12-31").succ(), None);
        assert_eq!(date("0001-01-01").pred(), None);
        assert_eq!(SnapshotDate::from_days_since_epoch(i32::MAX), None);
    }

    #[test]
    fn refuses_other_forms_and_days_that_are_none() {
        for text in [
            "",
            "2026-8-22",
            "20260822",
            " 2026-08-22",
            "2026-08-22T00",
            "２026-08-2",
        ] {
            assert_eq!(
                text.parse::<SnapshotDate>(),
                Err(DateError::Form(text.into()))
            );
        }
        for text in ["2025-02-29", "2026-13-01", "2026-04-31", "0000-01-01"] {
            assert_eq!(
                text.parse::<SnapshotDate>(),
                Err(DateError::Day(text.into()))
            );
        }
    }

    #[test]
    fn a_set_is_sorted_and_has_each_date_once() {
        let set: DateSet = "2026-09-01, 2026-08-19..2026-08-21,2026-08-21..2026-08-22"
            .parse()
            .unwrap();
        assert_eq!(set.to_string(), "2026-08-19..2026-08-22,2026-09-01");
        assert_eq!(set.iter().len(), 5);
        assert!(set.contains(date("2026-08-20")));
        assert!(!set.contains(date("2026-08-31")));
        let one: DateSet = "2026-08-19..2026-08-19".parse().unwrap();
        assert_eq!(one.as_slice(), [date("2026-08-19")]);
    }

    #[test]
    fn a_set_says_what_is_wrong_with_it() {
        let message = |text: &str| text.parse::<DateSet>().unwrap_err().to_string();
        assert_eq!(
            message("2026-08-22..2026-08-19"),
            "`2026-08-22..2026-08-19` is no range: it ends before it begins; \
             write `2026-08-19..2026-08-22`"
        );
        assert_eq!(
            message("2026-08-19..2026-08-32"),
            "`2026-08-32` is no date: there is no such day in the calendar"
        );
        assert_eq!(
            message("yesterday"),
            "`yesterday` is no date: expected YYYY-MM-DD"
        );
        for text in ["", " ", ",", "2026-08-19,", "2026-08-19..", "..2026-08-19"] {
            assert!(message(text).contains("lacks a date"), "{text}");
        }
        assert!(message("0001-01-01..9999-12-31").contains("more than"));
    }
}
