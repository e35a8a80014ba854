//! Rate limits: fixed windows, counted for each kind of request, and told on every answer.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Which window a request counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bucket {
    /// `/api/…`.
    Api,
    /// `/…/resolve/…`.
    Resolvers,
    /// Everything else.
    Pages,
}

impl Bucket {
    /// The bucket of a path.
    pub(crate) fn of(path: &str) -> Self {
        if path.starts_with("/api/") {
            Self::Api
        } else if path.contains("/resolve/") {
            Self::Resolvers
        } else {
            Self::Pages
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Resolvers => "resolvers",
            Self::Pages => "pages",
        }
    }
}

/// How many requests a window grants.
#[derive(Debug, Clone, Copy)]
pub struct Quotas {
    /// `/api/…`, without and with a token.
    pub api: (u64, u64),
    /// `/…/resolve/…`, without and with a token.
    pub resolvers: (u64, u64),
}

/// The Hub's quotas as documented in August 2026.
impl Default for Quotas {
    fn default() -> Self {
        Self {
            api: (500, 1_000),
            resolvers: (3_000, 5_000),
        }
    }
}

impl Quotas {
    fn of(&self, bucket: Bucket, token: bool) -> u64 {
        let (anonymous, known) = match bucket {
            Bucket::Api => self.api,
            Bucket::Resolvers => self.resolvers,
            Bucket::Pages => (100, 200),
        };
        if token { known } else { anonymous }
    }
}

#[derive(Debug)]
struct Window {
    begun: Instant,
    used: u64,
}

/// The windows of all clients; here those with a token and those without.
#[derive(Debug)]
pub(crate) struct Limits {
    quotas: Quotas,
    /// Seconds of a window as the headers tell them.
    window: u64,
    /// How long such a second lasts.
    second: Duration,
    windows: BTreeMap<(Bucket, bool), Window>,
}

/// What a request was granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) granted: bool,
    /// The headers `RateLimit` and `RateLimit-Policy`.
    pub(crate) headers: [(&'static str, String); 2],
}

impl Limits {
    pub(crate) fn new(quotas: Quotas, window: u64, second: Duration) -> Self {
        Self {
            quotas,
            window,
            second,
            windows: BTreeMap::new(),
        }
    }

    /// Counts a request.
    pub(crate) fn count(&mut self, bucket: Bucket, token: bool, now: Instant) -> Grant {
        let length = self.second * u32::try_from(self.window).unwrap_or(u32::MAX);
        let quota = self.quotas.of(bucket, token);
        let window = self.windows.entry((bucket, token)).or_insert(Window {
            begun: now,
            used: 0,
        });
        if now.duration_since(window.begun) >= length {
            *window = Window {
                begun: now,
                used: 0,
            };
        }
        let granted = window.used < quota;
        if granted {
            window.used += 1;
        }
        let left = length.saturating_sub(now.duration_since(window.begun));
        let seconds = (left.as_secs_f64() / self.second.as_secs_f64()).ceil();
        let name = bucket.name();
        Grant {
            granted,
            headers: [
                (
                    "ratelimit",
                    format!("\"{name}\";r={};t={seconds:.0}", quota - window.used),
                ),
                (
                    "ratelimit-policy",
                    format!("\"fixed window\";\"{name}\";q={quota};w={}", self.window),
                ),
            ],
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "some moment to start from")]
mod tests {
    use super::*;

    #[test]
    fn a_window_grants_so_many_and_then_none() {
        let quotas = Quotas {
            api: (2, 5),
            resolvers: (1, 1),
        };
        let mut limits = Limits::new(quotas, 300, Duration::from_secs(1));
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let first = limits.count(Bucket::Api, false, at(0));
        assert_eq!(first.headers[0].1, "\"api\";r=1;t=300");
        assert_eq!(first.headers[1].1, "\"fixed window\";\"api\";q=2;w=300");
        assert!(limits.count(Bucket::Api, false, at(10)).granted);
        let over = limits.count(Bucket::Api, false, at(20));
        assert!(!over.granted);
        assert_eq!(over.headers[0].1, "\"api\";r=0;t=280");
        assert!(limits.count(Bucket::Api, true, at(20)).granted);
        assert!(limits.count(Bucket::Resolvers, false, at(20)).granted);
        assert!(limits.count(Bucket::Api, false, at(300)).granted);
    }
}
