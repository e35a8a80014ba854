//! Rate limits as the Hub tells them: a fixed window, how many requests it has left, when it ends.
//!
//! The headers stand on every answer, so only `r=0` means that the window is used up: a 429 with
//! some left has another cause, and is waited for by `Retry-After` or by a growing wait.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What a header `RateLimit: "api";r=499;t=295` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// The window's name.
    pub name: String,
    /// Requests that it has left.
    pub left: u64,
    /// Seconds until it ends.
    pub seconds: u64,
}

impl Limit {
    /// Reads the header. Of several windows, the one that leaves fewest requests, and of those the
    /// one that ends last.
    pub fn parse(header: &str) -> Option<Self> {
        let limits = header.split(',').filter_map(|item| {
            let mut parts = item.split(';').map(str::trim);
            let name = parts.next()?.trim_matches('"').to_owned();
            let (mut left, mut seconds) = (None, None);
            for part in parts {
                match part.split_once('=') {
                    Some(("r", value)) => left = value.trim().parse().ok(),
                    Some(("t", value)) => seconds = value.trim().parse().ok(),
                    _ => {}
                }
            }
            Some(Self {
                name,
                left: left?,
                seconds: seconds?,
            })
        });
        limits.min_by_key(|limit| (limit.left, u64::MAX - limit.seconds))
    }
}

/// Why a 429 was given, and how long to wait for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The window is used up: until it ends.
    Window(Duration),
    /// The server says how long.
    After(Duration),
    /// Nobody says; wait longer each time.
    Unknown,
}

/// Why a 429 with these headers was given.
pub fn refusal(limit: Option<&Limit>, retry_after: Option<Duration>) -> Refusal {
    match (limit, retry_after) {
        (Some(limit), _) if limit.left == 0 => Refusal::Window(until_end(limit)),
        (_, Some(time)) => Refusal::After(time),
        _ => Refusal::Unknown,
    }
}

/// Until a window has surely ended: the seconds are rounded.
fn until_end(limit: &Limit) -> Duration {
    Duration::from_secs(limit.seconds.saturating_add(1))
}

/// What `Retry-After` says: seconds, or a date.
pub fn retry_after(header: &str, now: DateTime<Utc>) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = DateTime::parse_from_rfc2822(header).ok()?;
    Some((until.to_utc() - now).to_std().unwrap_or(Duration::ZERO))
}

/// What the windows of a Hub have left, as far as is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Windows(BTreeMap<String, Window>);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Window {
    left: u64,
    /// When it has surely ended.
    ends: DateTime<Utc>,
}

impl Windows {
    /// Notes what an answer says.
    pub fn note(&mut self, class: &str, limit: &Limit, now: DateTime<Utc>) {
        let ends = now + until_end(limit);
        let left = limit.left;
        self.0.insert(class.to_owned(), Window { left, ends });
    }

    /// Notes that a request is sent.
    pub fn spend(&mut self, class: &str) {
        if let Some(window) = self.0.get_mut(class) {
            window.left = window.left.saturating_sub(1);
        }
    }

    /// How long to wait before a request, if at all.
    pub fn wait(&self, class: &str, now: DateTime<Utc>) -> Option<Duration> {
        let window = self.0.get(class).filter(|window| window.left == 0)?;
        (window.ends - now)
            .to_std()
            .ok()
            .filter(|time| !time.is_zero())
    }

    /// Forgets windows that have ended.
    pub fn forget_ended(&mut self, now: DateTime<Utc>) {
        self.0.retain(|_, window| window.ends > now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(left: u64, seconds: u64) -> Limit {
        Limit {
            name: "api".to_owned(),
            left,
            seconds,
        }
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn the_header_is_read() {
        assert_eq!(Limit::parse("\"api\";r=499;t=295"), Some(limit(499, 295)));
        assert_eq!(Limit::parse(" api ; t=5 ; r=0"), Some(limit(0, 5)));
        assert_eq!(
            Limit::parse("\"pages\";r=7;t=9, \"api\";r=0;t=3"),
            Some(limit(0, 3))
        );
        for broken in ["", "\"api\"", "\"api\";r=-1;t=3", "\"api\";r=1"] {
            assert_eq!(Limit::parse(broken), None, "{broken}");
        }
    }

    #[test]
    fn only_an_empty_window_is_waited_for_to_its_end() {
        let second = Duration::from_secs(1);
        assert_eq!(
            refusal(Some(&limit(0, 280)), Some(second)),
            Refusal::Window(281 * second)
        );
        assert_eq!(
            refusal(Some(&limit(480, 280)), Some(second)),
            Refusal::After(second)
        );
        assert_eq!(refusal(Some(&limit(480, 280)), None), Refusal::Unknown);
        assert_eq!(refusal(None, None), Refusal::Unknown);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = at(0);
        assert_eq!(retry_after(" 7 ", now), Some(Duration::from_secs(7)));
        let date = at(30).to_rfc2822();
        assert_eq!(retry_after(&date, now), Some(Duration::from_secs(30)));
        assert_eq!(retry_after(&date, at(60)), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", now), None);
    }

    #[test]
    fn a_window_is_obeyed_before_it_is_overdrawn() {
        let mut windows = Windows::default();
        assert_eq!(windows.wait("api", at(0)), None);
        windows.note("api", &limit(1, 10), at(0));
        assert_eq!(windows.wait("api", at(0)), None);
        windows.spend("api");
        assert_eq!(windows.wait("api", at(0)), Some(Duration::from_secs(11)));
        assert_eq!(windows.wait("resolvers", at(0)), None);
        assert_eq!(windows.wait("api", at(11)), None);
        windows.forget_ended(at(11));
        assert_eq!(windows, Windows::default());
    }
}
