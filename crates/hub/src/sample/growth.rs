//! How a model's counters grow: a function of the date, so that dates agree with each other.

/// Days that the period of the counter `downloads` spans.
pub(crate) const PERIOD_DAYS: i64 = 30;
/// Days in which a new model earns its launch share.
const LAUNCH_DAYS: i64 = 60;
/// Every so many days, an unreliable counter shows the value of [`STALE_BY`] days before.
const STALE_EVERY: i64 = 11;
const STALE_BY: i64 = 6;

/// A model's downloads over time. Days are counted from any fixed day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Growth {
    /// The day it was created.
    pub(crate) created: i64,
    /// The day on which `total` and `last_period` hold.
    pub(crate) reference: i64,
    /// Downloads of all time on the reference day.
    pub(crate) total: u64,
    /// Those of them that fell in the last 30 days.
    pub(crate) last_period: u64,
    /// How much of the downloads before that came in the first weeks, of 256.
    pub(crate) launch: u64,
    /// On which days the counter shows a stale value, if ever.
    pub(crate) stale: Option<i64>,
}

/// `amount * part / whole`, rounded down, without overflow.
fn share(amount: u64, part: i64, whole: i64) -> u64 {
    let (part, whole) = (part.max(0) as u128, whole.max(1) as u128);
    (u128::from(amount) * part / whole) as u64
}

impl Growth {
    /// Downloads of all time on a day; never falls.
    pub(crate) fn on(&self, day: i64) -> u64 {
        let age = day - self.created;
        if age <= 0 {
            return 0;
        }
        let turn = self.reference - PERIOD_DAYS;
        let recent = self.last_period.min(self.total);
        if self.created >= turn {
            let whole = (self.reference - self.created).max(1);
            return share(self.total, age, whole);
        }
        let old = self.total - recent;
        if day > turn {
            return old + share(recent, day - turn, PERIOD_DAYS);
        }
        let whole = turn - self.created;
        let launch = if whole > 2 * LAUNCH_DAYS {
            share(old, self.launch.min(256) as i64, 256)
        } else {
            0
        };
        share(launch, age.min(LAUNCH_DAYS), LAUNCH_DAYS) + share(old - launch, age, whole)
    }

    /// What the counters show on a day: downloads of all time, and of the last 30 days.
    pub(crate) fn counters(&self, day: i64) -> (u64, u64) {
        let now = self.on(day);
        let shown = match self.stale {
            Some(phase) if (day + phase).rem_euclid(STALE_EVERY) == 0 => self.on(day - STALE_BY),
            _ => now,
        };
        (shown, (now - self.on(day - PERIOD_DAYS)).min(shown))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn growth() -> Growth {
        Growth {
            created: 100,
            reference: 1000,
            total: 10_000,
            last_period: 300,
            launch: 64,
            stale: None,
        }
    }

    #[test]
    fn reference_day_shows_the_total_and_its_last_period() {
        assert_eq!(growth().counters(1000), (10_000, 300));
        assert_eq!(growth().counters(1030), (10_300, 300));
        assert_eq!(growth().on(970), 9_700);
        assert_eq!(growth().counters(100), (0, 0));
        assert_eq!(growth().counters(50), (0, 0));
    }

    #[test]
    fn counter_never_falls_unless_it_is_stale() {
        let steady = growth();
        assert!((90..1400).all(|day| steady.on(day) <= steady.on(day + 1)));
        let stale = Growth {
            stale: Some(3),
            ..steady
        };
        let falls = (500..1000).filter(|day| stale.counters(day + 1).0 < stale.counters(*day).0);
        // Day 502 is the first that comes before a stale one, day 997 the last.
        assert_eq!(falls.count(), (997 - 502) / 11 + 1);
    }

    #[test]
    fn model_younger_than_a_period_has_all_its_downloads_in_it() {
        let young = Growth {
            created: 990,
            last_period: 0,
            ..growth()
        };
        assert_eq!(young.counters(1000), (10_000, 10_000));
        assert_eq!(young.counters(995), (5_000, 5_000));
    }
}
