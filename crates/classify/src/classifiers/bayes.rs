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
