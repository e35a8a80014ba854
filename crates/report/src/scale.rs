//! Scales: where a value is drawn, and which round values are marked.

/// From values to places, linear or logarithmic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scale {
    domain: (f64, f64),
    range: (f64, f64),
    is_log: bool,
}

impl Scale {
    /// A linear scale from `domain` onto `range`; a domain of one value is widened.
    pub(crate) fn linear(domain: (f64, f64), range: (f64, f64)) -> Self {
        let (low, high) = domain;
        let high = if high > low { high } else { low + 1.0 };
        Self {
            domain: (low, high),
            range,
            is_log: false,
        }
    }

    /// A logarithmic scale over whole powers of ten; both ends are greater than 0.
    pub(crate) fn log(domain: (f64, f64), range: (f64, f64)) -> Self {
        let low = 10_f64.powf(domain.0.log10().floor());
        let high = 10_f64.powf(domain.1.log10().ceil());
        let high = if high > low { high } else { low * 10.0 };
        Self {
            domain: (low, high),
            range,
            is_log: true,
        }
    }

    pub(crate) fn place(&self, value: f64) -> f64 {
        let (low, high) = self.domain;
        let part = if self.is_log {
            (value.log10() - low.log10()) / (high.log10() - low.log10())
        } else {
            (value - low) / (high - low)
        };
        self.range.0 + part * (self.range.1 - self.range.0)
    }

    /// About so many round values, ascending.
    pub(crate) fn ticks(&self, about: usize) -> Vec<f64> {
        let (low, high) = self.domain;
        if self.is_log {
            return decades(low, high, about);
        }
        let step = step(high - low, about);
        let first = (low / step).ceil();
        let last = (high / step + 1e-9).floor();
        let mut ticks = Vec::new();
        let mut at = first;
        while at <= last {
            ticks.push(at * step);
            at += 1.0;
        }
        ticks
    }
}

/// The whole powers of ten from `low` to `high`, or every second, third … of them.
fn decades(low: f64, high: f64, about: usize) -> Vec<f64> {
    let (first, last) = (low.log10().round(), high.log10().round());
    let mut ticks = Vec::new();
    #[expect(clippy::cast_precision_loss, reason = "a number of ticks")]
    let stride = ((last - first) / about.max(1) as f64).ceil().max(1.0);
    let mut at = first;
    while at <= last {
        ticks.push(10_f64.powf(at));
        at += stride;
    }
    ticks
}

/// A step of 1, 2 or 5 times a power of ten that divides a span into about so many parts.
fn step(span: f64, about: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a number of ticks")]
    let rough = span / about.max(1) as f64;
    let power = 10_f64.powf(rough.log10().floor());
    let digit = rough / power;
    let digit = match digit {
        ..1.000_001 => 1.0,
        ..2.000_001 => 2.0,
        ..5.000_001 => 5.0,
        _ => 10.0,
    };
    digit * power
}

/// The end of a scale that begins at 0: the next round value.
pub(crate) fn rounded_up(value: f64, about: usize) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    let step = step(value, about);
    (value / step - 1e-9).ceil() * step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_their_places() {
        let scale = Scale::linear((0.0, 50.0), (100.0, 300.0));
        assert_eq!(scale.place(0.0), 100.0);
        assert_eq!(scale.place(25.0), 200.0);
        assert_eq!(scale.place(50.0), 300.0);
        // From 3 to 4,000: the decades from 1 to 10,000.
        let scale = Scale::log((3.0, 4_000.0), (0.0, 400.0));
        assert!((scale.place(100.0) - 200.0).abs() < 1e-9);
        assert_eq!(scale.ticks(5), [1.0, 10.0, 100.0, 1_000.0, 10_000.0]);
        assert_eq!(scale.ticks(2), [1.0, 100.0, 10_000.0]);
    }

    #[test]
    fn ticks_are_round() {
        let ticks = |low, high, about| Scale::linear((low, high), (0.0, 1.0)).ticks(about);
        assert_eq!(ticks(0.0, 100.0, 5), [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
        assert_eq!(ticks(0.0, 7.0, 4), [0.0, 2.0, 4.0, 6.0]);
        assert_eq!(ticks(-3.0, 9.0, 3), [0.0, 5.0]);
        assert_eq!(rounded_up(257.0, 5), 300.0);
        assert_eq!(rounded_up(100.0, 5), 100.0);
        assert_eq!(rounded_up(0.0, 5), 1.0);
    }

    #[test]
    fn one_value_has_a_scale_too() {
        assert_eq!(Scale::linear((5.0, 5.0), (0.0, 10.0)).place(5.0), 0.0);
        assert_eq!(
            Scale::log((10.0, 10.0), (0.0, 10.0)).ticks(3),
            [10.0, 100.0]
        );
    }
}
