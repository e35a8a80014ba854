//! Randomness without state: every draw is a hash of what it is for, equal on every machine.

/// The golden ratio in 64 bits, the step of splitmix64.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// The finaliser of splitmix64: every bit of the input moves every bit of the output.
pub(crate) fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// A hash of a text, for ids that must not depend on where a text was drawn.
pub(crate) fn mix_text(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        mix(hash ^ u64::from(byte)).wrapping_add(STEP)
    })
}

/// The draws made for one thing, in a fixed order.
#[derive(Clone, Debug)]
pub(crate) struct Draws(u64);

impl Draws {
    /// The draws for item `index` of a `stream`.
    pub(crate) fn new(seed: u64, stream: u64, index: u64) -> Self {
        Self(mix(
            mix(seed ^ mix(stream.wrapping_mul(STEP))).wrapping_add(mix(index ^ STEP))
        ))
    }

    /// 64 bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0)
    }

    /// A number from 0 to below 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// An integer from 0 to below `bound`; 0 for a bound of 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(bound)) >> 64) as u64
    }

    /// True in `share` of the draws.
    pub(crate) fn chance(&mut self, share: f64) -> bool {
        self.unit() < share
    }
}

/// A shuffle of 0..n that needs no table: a Feistel network, walked until it lands inside.
#[derive(Clone, Debug)]
pub(crate) struct Shuffle {
    count: u64,
    half_bits: u32,
    keys: [u64; 4],
}

impl Shuffle {
    /// The shuffle of `count` numbers for a seed.
    pub(crate) fn new(seed: u64, stream: u64, count: u64) -> Self {
        let bits = u64::BITS - count.saturating_sub(1).leading_zeros();
        let mut draws = Draws::new(seed, stream, count);
        Self {
            count,
            half_bits: bits.div_ceil(2).max(1),
            keys: std::array::from_fn(|_| draws.bits()),
        }
    }

    /// Where `index` goes; each place is taken once.
    pub(crate) fn place(&self, index: u64) -> u64 {
        let mask = (1u64 << self.half_bits) - 1;
        let mut value = index;
        loop {
            let (mut left, mut right) = (value >> self.half_bits, value & mask);
            for key in self.keys {
                (left, right) = (right, left ^ (mix(right ^ key) & mask));
            }
            value = (left << self.half_bits) | right;
            if value < self.count {
                return value;
            }
        }
    }
}

/// Values with weights, of which one is picked by a number from 0 to 1.
#[derive(Clone, Debug)]
pub(crate) struct Weighted<T> {
    values: Vec<T>,
    ends: Vec<f64>,
}

impl<T> Default for Weighted<T> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            ends: Vec::new(),
        }
    }
}

impl<T> Weighted<T> {
    /// Adds a value.
    pub(crate) fn push(&mut self, value: T, weight: f64) {
        let end = self.ends.last().copied().unwrap_or_default() + weight;
        self.values.push(value);
        self.ends.push(end);
    }

    /// The value at `unit` of the whole weight; none when nothing has weight.
    pub(crate) fn pick(&self, unit: f64) -> Option<&T> {
        let wanted = unit * self.ends.last().copied().filter(|end| *end > 0.0)?;
        let at = self.ends.partition_point(|end| *end <= wanted);
        self.values.get(at).or(self.values.last())
    }
}
