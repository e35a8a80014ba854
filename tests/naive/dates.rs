//! Days since 1970-01-01 and the calendar.

const DAY: i64 = 86_400_000_000;

/// The day of a date, by counting.
pub(crate) fn day(year: i32, month: u32, day: u32) -> i32 {
    let years: i32 = (1970..year).map(days_of_year).sum();
    let months: u32 = (1..month).map(|month| days_of_month(year, month)).sum();
    years + i32::try_from(months + day).unwrap() - 1
}

/// The day of a date such as `2026-08-22`.
pub(crate) fn parse(date: &str) -> i32 {
    let mut parts = date.split('-').map(|part| part.parse::<u32>().unwrap());
    let mut next = || parts.next().unwrap();
    let year = i32::try_from(next()).unwrap();
    day(year, next(), next())
}

/// Year, month and day of a day from 1970 on.
pub(crate) fn civil(mut days: i32) -> (i32, u32, u32) {
    let mut year = 1970;
    while days >= days_of_year(year) {
        days -= days_of_year(year);
        year += 1;
    }
    let mut rest = u32::try_from(days).unwrap();
    let mut month = 1;
    while rest >= days_of_month(year, month) {
        rest -= days_of_month(year, month);
        month += 1;
    }
    (year, month, rest + 1)
}

pub(crate) fn text(days: i32) -> String {
    let (year, month, day) = civil(days);
    format!("{year:04}-{month:02}-{day:02}")
}

/// The day of a moment in microseconds.
pub(crate) fn of(moment: i64) -> i32 {
    i32::try_from(moment.div_euclid(DAY)).unwrap()
}

/// Days from one moment to another, fractions included.
pub(crate) fn between(from: i64, to: i64) -> f64 {
    (to - from) as f64 / DAY as f64
}

fn leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_of_year(year: i32) -> i32 {
    if leap(year) { 366 } else { 365 }
}

fn days_of_month(year: i32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}
