//! On which side of the study is a model, and who comes first? By its id alone.

use crate::rng::mix;

/// A number that depends on the id, the seed and the question it is drawn for, and on nothing else.
///
/// FNV-1a over the bytes, then the finalizer of `SplitMix64`, as FNV alone spreads short ids badly over the high bits.
fn draw(id: &str, seed: u64, question: u64) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325_u64 ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let hash = id.bytes().fold(start, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    mix(hash.wrapping_add(question.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
}

/// Whether a model is held out, which a share of `test_share` are.
pub(crate) fn held_out(id: &str, seed: u64, test_share: f64) -> bool {
    // 53 bits are exact in an f64.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit the mantissa")]
    let uniform = (draw(id, seed, 1) >> 11) as f64 / (1_u64 << 53) as f64;
    uniform < test_share
}

/// Where a model stands in the order in which models are taken up to a limit.
pub(crate) fn turn(id: &str, seed: u64) -> u64 {
    draw(id, seed, 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fifth_is_held_out_and_the_order_says_nothing_of_it() {
        let ids: Vec<String> = (0..20_000)
            .map(|i| format!("account{}/model-{i}", i % 37))
            .collect();
        let held: Vec<bool> = ids.iter().map(|id| held_out(id, 0, 0.2)).collect();
        let share = held.iter().filter(|held| **held).count() as f64 / 20_000.0;
        assert!((share - 0.2).abs() < 0.01, "{share}");
        let early = ids
            .iter()
            .zip(&held)
            .filter(|(id, _)| turn(id, 0) < u64::MAX / 2);
        let early_held =
            early.clone().filter(|(_, held)| **held).count() as f64 / early.count() as f64;
        assert!((early_held - 0.2).abs() < 0.015, "{early_held}");
    }

    #[test]
    fn the_seed_changes_the_split_and_nothing_else_does() {
        let ids: Vec<String> = (0..1000).map(|i| format!("a/{i}")).collect();
        let split = |seed| {
            ids.iter()
                .map(|id| held_out(id, seed, 0.5))
                .collect::<Vec<_>>()
        };
        assert_eq!(split(1), split(1));
        assert_ne!(split(1), split(2));
    }
}
