//! Which failures pass by themselves, and how long to wait for that.

use std::time::Duration;

/// How often and after what waits something is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    /// Tries in all, those that wait for the end of a rate limit's window apart.
    pub tries: u32,
    /// The first wait; each is twice the one before.
    pub first: Duration,
    /// The longest.
    pub most: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            tries: 8,
            first: Duration::from_secs(1),
            most: Duration::from_secs(60),
        }
    }
}

impl Retries {
    /// How long to wait after so many tries that failed, at least one: half of the time is by
    /// chance, so that many clients that failed together do not come again together.
    pub fn wait(&self, failed: u32, jitter: f64) -> Duration {
        let doublings = failed.saturating_sub(1).min(20);
        let full = self.first.saturating_mul(1 << doublings).min(self.most);
        full.mul_f64(0.5 + 0.5 * jitter.clamp(0.0, 1.0))
    }
}

/// Whether another try may bring another answer.
pub(crate) fn passes(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_a_bound() {
        let retries = Retries::default();
        let waits: Vec<u64> = (1..=8)
            .map(|failed| retries.wait(failed, 1.0).as_secs())
            .collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(retries.wait(3, 0.0), Duration::from_secs(2));
        assert_eq!(retries.wait(1_000, 1.0), Duration::from_secs(60));
    }

    #[test]
    fn what_passes() {
        assert!([408, 429, 500, 502, 503, 504].into_iter().all(passes));
        assert!(![200, 302, 400, 401, 403, 404, 416].into_iter().any(passes));
    }
}
