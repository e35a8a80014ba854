//! Naive Bayes over yes and no: how often each feature occurs with each task, as if features knew nothing of each other.

use super::{Classifier, Training};
use crate::matrix::{Matrix, Probabilities, Row};

pub(super) const NAME: &str = "naive Bayes";

/// Models added to each task with and without each feature, so that nothing is impossible.
const SMOOTHING: f64 = 0.1;

/// Logarithms of probabilities, by task.
struct Bayes {
    /// Of the task and the absence of every feature.
    without: Vec<f64>,
    /// What the presence of a feature changes, feature by feature.
    with: Vec<f64>,
}

pub(super) fn fit(training: &Training<'_>) -> Box<dyn Classifier> {
    let (features, tasks) = (training.features, training.task_count);
    let mut models = vec![0.0; tasks];
    let mut present = vec![0.0; features.columns() * tasks];
    for (row, &task) in features.iter().zip(training.tasks) {
        models[task as usize] += 1.0;
        for column in columns(row, features.flags) {
            present[column * tasks + task as usize] += 1.0;
        }
    }
    let all: f64 = models.iter().sum();
    let mut without: Vec<f64> = models.iter().map(|models| (models / all).ln()).collect();
    let mut with = present;
    for feature in with.chunks_exact_mut(tasks) {
        for ((with, without), models) in feature.iter_mut().zip(&mut without).zip(&models) {
            let share = (*with + SMOOTHING) / (models + 2.0 * SMOOTHING);
            *without += (-share).ln_1p();
            *with = share.ln() - (-share).ln_1p();
        }
    }
    Box::new(Bayes { without, with })
}

/// What a model has: flags, and numbers above their mean.
fn columns(row: Row<'_>, flags: usize) -> impl Iterator<Item = usize> {
    let above = (flags..).zip(row.numbers);
    let above = above.filter_map(|(column, &value)| (value > 0.0).then_some(column));
    row.flags.iter().map(|&flag| flag as usize).chain(above)
}

impl Classifier for Bayes {
    fn probabilities(&self, features: &Matrix) -> Probabilities {
        let tasks = self.without.len();
        let mut logarithms = Vec::with_capacity(features.rows() * tasks);
        for row in features.iter() {
            let mut model = self.without.clone();
            for column in columns(row, features.flags) {
                let with = &self.with[column * tasks..][..tasks];
                model
                    .iter_mut()
                    .zip(with)
                    .for_each(|(sum, with)| *sum += with);
            }
            logarithms.extend(model);
        }
        Probabilities::from_logarithms(tasks, logarithms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        // Of three models of task 0 two have the flag, of the one of task 1 it is none.
        let mut features = Matrix::new(1, 0);
        for has in [true, true, false, false] {
            features.push(&mut has.then_some(0).into_iter().collect(), &[]);
        }
        let training = Training {
            features: &features,
            tasks: &[0, 0, 0, 1],
            task_count: 2,
            seed: 0,
        };
        let found = fit(&training).probabilities(&features);
        let (first, second) = (0.75 * 2.1 / 3.2, 0.25 * 0.1 / 1.2);
        assert!((found.values[0] - first / (first + second)).abs() < 1e-12);
        let (first, second) = (0.75 * 1.1 / 3.2, 0.25 * 1.1 / 1.2);
        assert!((found.values[4] - first / (first + second)).abs() < 1e-12);
    }
}
