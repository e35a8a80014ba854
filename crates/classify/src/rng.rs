//! Random choices that are the same on every machine.

/// `SplitMix64` by Steele, Lea and Flood.
#[derive(Debug, Clone)]
pub(crate) struct Rng(u64);

impl Rng {
    /// Choices of their own for each seed and number.
    pub(crate) fn new(seed: u64, number: usize) -> Self {
        Self(mix(seed ^ mix(number as u64)))
    }

    /// A number below `end`, which is at least 1; as good as evenly, as `end` is far below 2^32.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        // The upper half of the product of 32 random bits and the end.
        (((mix(self.0) >> 32) * end as u64) >> 32) as usize
    }

    /// Brings a random choice of as many as there are places in `drawn` to the front.
    pub(crate) fn draw<T>(&mut self, from: &mut [T], drawn: usize) {
        for place in 0..drawn.min(from.len()) {
            let other = place + self.below(from.len() - place);
            from.swap(place, other);
        }
    }
}

/// The finalizer of `SplitMix64`.
pub(crate) fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_below_the_end_comes_as_often() {
        let mut rng = Rng::new(0, 0);
        let mut drawn = [0; 7];
        (0..7000).for_each(|_| drawn[rng.below(7)] += 1);
        assert!(
            drawn.iter().all(|&times| (850..1150).contains(&times)),
            "{drawn:?}"
        );
    }

    #[test]
    fn a_draw_is_of_different_ones() {
        let mut all: Vec<u32> = (0..50).collect();
        Rng::new(1, 2).draw(&mut all, 20);
        assert_ne!(all[..20], (0..20).collect::<Vec<_>>());
        all.sort_unstable();
        assert_eq!(all, (0..50).collect::<Vec<_>>());
        Rng::new(1, 2).draw(&mut all, 1000);
    }
}
