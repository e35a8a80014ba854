//! What of the evidence is a feature, and how does it become a number? Decided on training models alone.

use std::collections::BTreeMap;
use std::collections::HashMap;

use crate::example::Example;
use crate::leaks::Leaks;
use crate::matrix::Matrix;

/// Training models a token must be on: one seen less often is more likely a name than evidence.
const LEAST_MODELS: u32 = 3;

/// Features and how to compute them.
///
/// A flag per chosen token, those that say most first; a flag per number, that it is missing; and the number itself as
/// its distance from the training mean in standard deviations (0 if missing).
#[derive(Debug)]
pub(crate) struct Features<'a> {
    tokens: HashMap<&'a str, u32>,
    numbers: Vec<Scale>,
}

#[derive(Debug, Clone, Copy)]
struct Scale {
    mean: f64,
    deviation: f64,
}

impl<'a> Features<'a> {
    /// Chooses the `limit` tokens that say most about the task (mutual information; ties by token), none that leaks,
    /// and the scales of the numbers.
    ///
    /// `tasks` has the task of each training model, a number below `task_count`.
    pub(crate) fn choose(
        training: &[&'a Example],
        tasks: &[u32],
        task_count: usize,
        limit: usize,
        leaks: &Leaks,
    ) -> Self {
        let mut counts: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        let mut models = vec![0_u32; task_count];
        for (example, &task) in training.iter().zip(tasks) {
            models[task as usize] += 1;
            for token in distinct(example) {
                counts.entry(token).or_insert_with(|| vec![0; task_count])[task as usize] += 1;
            }
        }
        let mut ranked: Vec<(f64, &str)> = counts
            .iter()
            .filter(|(token, with)| with.iter().sum::<u32>() >= LEAST_MODELS && !leaks.leaks(token))
            .map(|(token, with)| (mutual_information(with, &models), *token))
            .filter(|(information, _)| *information > 1e-9)
            .collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
        ranked.truncate(limit);
        let width = training.first().map_or(0, |example| example.numbers.len());
        Self {
            tokens: ranked.iter().map(|(_, token)| *token).zip(0..).collect(),
            numbers: (0..width)
                .map(|number| Scale::of(training, number))
                .collect(),
        }
    }

    pub(crate) fn columns(&self) -> usize {
        self.tokens.len() + 2 * self.numbers.len()
    }

    /// The features of some models.
    pub(crate) fn matrix(&self, examples: &[&Example]) -> Matrix {
        let mut matrix = Matrix::new(self.tokens.len() + self.numbers.len(), self.numbers.len());
        let (mut flags, mut numbers) = (Vec::new(), Vec::new());
        for example in examples {
            flags.clear();
            numbers.clear();
            flags.extend(
                example
                    .tokens
                    .iter()
                    .filter_map(|token| self.tokens.get(token.as_ref())),
            );
            for ((scale, value), missing) in self
                .numbers
                .iter()
                .zip(&example.numbers)
                .zip((0_u32..).skip(self.tokens.len()))
            {
                if value.is_finite() {
                    numbers.push(scale.apply(*value));
                } else {
                    flags.push(missing);
                    numbers.push(0.0);
                }
            }
            matrix.push(&mut flags, &numbers);
        }
        matrix
    }
}

impl Scale {
    fn of(training: &[&Example], number: usize) -> Self {
        let values = || {
            training
                .iter()
                .filter_map(|example| example.numbers.get(number))
                .filter(|value| value.is_finite())
        };
        let count = values().count().max(1) as f64;
        let mean = values().map(|value| value / count).sum::<f64>();
        let variance = values()
            .map(|value| (value - mean).powi(2) / count)
            .sum::<f64>();
        let deviation = variance.sqrt();
        Self {
            mean,
            deviation: if deviation.is_finite() && deviation > 0.0 {
                deviation
            } else {
                1.0
            },
        }
    }

    fn apply(self, value: f64) -> f32 {
        // A value far from everything seen in training says no more than ten deviations do.
        #[expect(
            clippy::cast_possible_truncation,
            reason = "between -10 and 10, where f32 has seven digits"
        )]
        let scaled = ((value - self.mean) / self.deviation).clamp(-10.0, 10.0) as f32;
        if scaled.is_nan() { 0.0 } else { scaled }
    }
}

fn distinct(example: &Example) -> Vec<&str> {
    let mut tokens: Vec<&str> = example.tokens.iter().map(AsRef::as_ref).collect();
    tokens.sort_unstable();
    tokens.dedup();
    tokens
}

/// What having a token says about the task, in nats: `with` counts the models that have it, `models` all, by task.
fn mutual_information(with: &[u32], models: &[u32]) -> f64 {
    let total: f64 = models.iter().map(|&count| f64::from(count)).sum();
    let has: f64 = with.iter().map(|&count| f64::from(count)).sum();
    let term = |joint: f64, side: f64, task: f64| {
        if joint > 0.0 {
            joint / total * (joint * total / (side * task)).ln()
        } else {
            0.0
        }
    };
    with.iter()
        .zip(models)
        .map(|(&with, &task)| {
            let (with, task) = (f64::from(with), f64::from(task));
            term(with, has, task) + term(task - with, total - has, task)
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toy::example;

    #[test]
    fn a_token_that_tells_two_even_tasks_apart_says_ln_two() {
        assert!((mutual_information(&[4, 0], &[4, 4]) - 2_f64.ln()).abs() < 1e-12);
        assert!(mutual_information(&[2, 2], &[4, 4]).abs() < 1e-12);
        assert!(mutual_information(&[4, 4], &[4, 4]).abs() < 1e-12);
    }

    #[test]
    fn the_most_telling_tokens_are_chosen_and_leaks_and_rare_ones_are_not() {
        let examples: Vec<Example> = (0..12)
            .map(|i| {
                let mut tokens = vec!["tag=everywhere".to_owned(), format!("tag=only-{i}")];
                if i % 2 == 0 {
                    tokens.extend(["tag=half", "tag=half", "tag=asr-model"].map(str::to_owned));
                }
                if i % 2 == 0 && i < 7 {
                    tokens.push("tag=some".to_owned());
                }
                example(i, Some("x"), tokens, vec![])
            })
            .collect();
        let training: Vec<&Example> = examples.iter().collect();
        let tasks: Vec<u32> = (0..12).map(|i| i % 2).collect();
        let leaks = Leaks::new(["asr"]);
        let one = Features::choose(&training, &tasks, 2, 1, &leaks);
        assert_eq!(
            one.tokens.keys().copied().collect::<Vec<_>>(),
            vec!["tag=half"]
        );
        let all = Features::choose(&training, &tasks, 2, 100, &leaks);
        assert_eq!(all.tokens.get("tag=half"), Some(&0));
        assert_eq!(all.tokens.get("tag=some"), Some(&1));
        assert_eq!(all.columns(), 2);
    }

    #[test]
    fn numbers_are_scaled_by_the_training_models_and_missing_ones_are_marked() {
        let train = [
            example(0, None, vec![], vec![1.0, f64::NAN]),
            example(1, None, vec![], vec![3.0, f64::NAN]),
        ];
        let training: Vec<&Example> = train.iter().collect();
        let features = Features::choose(&training, &[0, 1], 2, 10, &Leaks::default());
        let other = [
            example(2, None, vec![], vec![4.0, 7.0]),
            example(3, None, vec![], vec![f64::INFINITY, f64::NAN]),
            example(4, None, vec![], vec![f64::MAX, f64::MIN]),
        ];
        let matrix = features.matrix(&other.iter().collect::<Vec<_>>());
        let row = |row| {
            (
                matrix.row(row).flags.to_vec(),
                matrix.row(row).numbers.to_vec(),
            )
        };
        assert_eq!((matrix.flags, matrix.numbers), (2, 2));
        assert_eq!(row(0), (vec![], vec![2.0, 7.0]));
        assert_eq!(row(1), (vec![0, 1], vec![0.0, 0.0]));
        assert_eq!(row(2), (vec![], vec![10.0, -10.0]));
    }
}
