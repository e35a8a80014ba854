//! Which classifiers are compared? One file each, all behind one trait.

mod bayes;
mod boosting;
mod forest;
mod linear;
mod logistic;
mod majority;
mod ridge;
mod tree;

use crate::matrix::{Matrix, Probabilities};

/// Training models: features, and the task of each as a number below `task_count`, every number at least once.
pub(crate) struct Training<'a> {
    pub(crate) features: &'a Matrix,
    pub(crate) tasks: &'a [u32],
    pub(crate) task_count: usize,
    pub(crate) seed: u64,
}

/// A trained classifier.
pub(crate) trait Classifier: Send + Sync {
    /// Probability of each task for each model.
    fn probabilities(&self, features: &Matrix) -> Probabilities;
}

/// Trains one classifier.
pub(crate) type Fit = fn(&Training<'_>) -> Box<dyn Classifier>;

/// Name of the classifier that looks at nothing.
pub(crate) const BASELINE: &str = majority::NAME;

/// The classifiers by name, the slowest first, so that none is left over at the end when they run side by side.
pub(crate) const ALL: [(&str, Fit); 7] = [
    (forest::RANDOM_FOREST, forest::random_forest),
    (forest::EXTRA_TREES, forest::extra_trees),
    (logistic::NAME, logistic::fit),
    (boosting::NAME, boosting::fit),
    (ridge::NAME, ridge::fit),
    (bayes::NAME, bayes::fit),
    (majority::NAME, majority::fit),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Three tasks, each told by a token of its own and by a number.
    fn separable(rows: usize) -> (Matrix, Vec<u32>) {
        let tasks: Vec<u32> = (0..rows)
            .map(|row| u32::try_from(row % 3).unwrap())
            .collect();
        let mut matrix = Matrix::new(4, 1);
        for (row, &task) in tasks.iter().enumerate() {
            let mut flags = vec![task];
            flags.extend((row % 7 == 0).then_some(3));
            matrix.push(&mut flags, &[task as f32 - 1.0]);
        }
        (matrix, tasks)
    }

    #[test]
    fn every_classifier_but_the_baseline_tells_separable_tasks_apart() {
        let (features, tasks) = separable(150);
        let (unseen, truth) = separable(31);
        for (name, fit) in ALL {
            let training = Training {
                features: &features,
                tasks: &tasks,
                task_count: 3,
                seed: 7,
            };
            let found = fit(&training).probabilities(&unseen);
            assert_eq!(found.values.len(), 31 * 3, "{name}");
            for row in found.values.chunks_exact(3) {
                assert!(
                    (row.iter().sum::<f64>() - 1.0).abs() < 1e-6,
                    "{name}: {row:?}"
                );
            }
            let guesses: Vec<u32> = found.best().iter().map(|best| best.0).collect();
            if name == BASELINE {
                assert!(guesses.iter().all(|&guess| guess == 0));
            } else {
                assert_eq!(guesses, truth, "{name}");
            }
        }
    }

    #[test]
    fn two_tasks_and_a_single_column_are_enough() {
        let mut features = Matrix::new(1, 0);
        (0..40).for_each(|row| features.push(&mut (row..20).take(1).map(|_| 0).collect(), &[]));
        let tasks: Vec<u32> = (0..40).map(|row| u32::from(row >= 20)).collect();
        for (name, fit) in ALL {
            let training = Training {
                features: &features,
                tasks: &tasks,
                task_count: 2,
                seed: 0,
            };
            let found = fit(&training).probabilities(&features).best();
            if name != BASELINE {
                assert!(
                    found
                        .iter()
                        .zip(&tasks)
                        .all(|(found, task)| found.0 == *task),
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn features_that_say_nothing_break_no_classifier() {
        let mut features = Matrix::new(2, 1);
        (0..12).for_each(|_| features.push(&mut vec![], &[0.0]));
        let tasks: Vec<u32> = (0..12).map(|row| u32::from(row % 3 == 0)).collect();
        for (name, fit) in ALL {
            let training = Training {
                features: &features,
                tasks: &tasks,
                task_count: 2,
                seed: 0,
            };
            let found = fit(&training).probabilities(&features);
            assert!(found.values.iter().all(|value| value.is_finite()), "{name}");
        }
    }
}
