//! What goes wrong, and when.

use std::collections::VecDeque;
use std::time::Duration;

/// One way in which an answer goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// This status with an error text, and the window's headers as on every answer.
    Status(u16),
    /// 429 although the window has some left, with `Retry-After` if there are seconds.
    Throttle(Option<u64>),
    /// 429 without any of the window's headers, as a network in between gives it.
    Cdn,
    /// The connection is closed without an answer.
    Reset,
    /// The connection is closed after half of the body.
    Cut,
    /// Half of a JSON body, with a length that says it is all.
    Torn,
    /// The answer comes late.
    Slow(Duration),
    /// No answer comes.
    Stall,
    /// A list goes on at the page itself.
    LinkBack,
    /// The first page of a list comes in place of the one that was asked for.
    FirstPage,
}

/// When which fault strikes.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    /// The share of requests that one strikes.
    pub share: f64,
    /// Which strike, one drawn after another.
    pub drawn: Vec<Fault>,
    /// Another seed, other draws.
    pub seed: u64,
    /// Those that strike the next request whose target has the text, each once, before any other.
    pub scripted: VecDeque<(String, Fault)>,
    counter: u64,
}

impl Faults {
    /// Every kind of fault, striking this share of the requests.
    pub fn all(share: f64, seed: u64) -> Self {
        Self {
            share,
            seed,
            drawn: vec![
                Fault::Status(500),
                Fault::Status(502),
                Fault::Status(503),
                Fault::Status(504),
                Fault::Status(408),
                Fault::Throttle(Some(1)),
                Fault::Throttle(None),
                Fault::Cdn,
                Fault::Reset,
                Fault::Cut,
                Fault::Torn,
                Fault::Slow(Duration::from_millis(20)),
            ],
            ..Self::default()
        }
    }

    /// These, one after another, each on the next request whose target has its text.
    pub fn script(faults: impl IntoIterator<Item = (&'static str, Fault)>) -> Self {
        Self {
            scripted: faults
                .into_iter()
                .map(|(text, fault)| (text.to_owned(), fault))
                .collect(),
            ..Self::default()
        }
    }

    /// The fault that strikes a request.
    pub(crate) fn strikes(&mut self, target: &str) -> Option<Fault> {
        if let Some(at) = self
            .scripted
            .iter()
            .position(|(text, _)| target.contains(text.as_str()))
        {
            return self.scripted.remove(at).map(|(_, fault)| fault);
        }
        if self.share <= 0.0 || self.drawn.is_empty() {
            return None;
        }
        self.counter += 1;
        let draw = mixed(self.seed ^ mixed(self.counter));
        // 53 bits are a fraction that a double holds.
        let fraction = (draw >> 11) as f64 / (1_u64 << 53) as f64;
        if fraction >= self.share {
            return None;
        }
        let which = usize::try_from(mixed(draw) % self.drawn.len() as u64).unwrap_or(0);
        self.drawn.get(which).copied()
    }
}

/// A number that looks as if drawn by chance (splitmix64).
pub(crate) fn mixed(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_the_requests_is_struck() {
        let mut faults = Faults::all(0.25, 1);
        let struck = (0..4_000)
            .filter(|_| faults.strikes("/api/models").is_some())
            .count();
        assert!((800..1_200).contains(&struck), "{struck}");
    }

    #[test]
    fn what_is_scripted_strikes_once() {
        let mut faults = Faults::script([("commits", Fault::Reset)]);
        assert_eq!(faults.strikes("/api/models"), None);
        assert_eq!(faults.strikes("/api/x/commits/main"), Some(Fault::Reset));
        assert_eq!(faults.strikes("/api/x/commits/main"), None);
    }
}
