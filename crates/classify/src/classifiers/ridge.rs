//! Ridge classifier: the least squares that say 1 for a model of the task and 0 for others, with small weights.

use super::linear::{Weights, dot};
use super::{Classifier, Training};
use crate::matrix::{Matrix, Probabilities};

pub(super) const NAME: &str = "ridge classifier";

/// Weight of the squared coefficients in the loss, against its sum over models. The constants are spared.
const PENALTY: f64 = 1.0;

struct Ridge {
    weights: Weights,
}

pub(super) fn fit(training: &Training<'_>) -> Box<dyn Classifier> {
    Box::new(Ridge {
        weights: solve(training),
    })
}

impl Classifier for Ridge {
    fn probabilities(&self, features: &Matrix) -> Probabilities {
        let mut scores = self.weights.scores(features);
        // Least squares may say less than none and more than all.
        scores
            .iter_mut()
            .for_each(|score| *score = score.clamp(0.0, 1.0));
        Probabilities::from_weights(self.weights.tasks, scores)
    }
}

/// Solves the normal equations by Cholesky's decomposition.
fn solve(training: &Training<'_>) -> Weights {
    let Training {
        features,
        tasks,
        task_count,
        ..
    } = *training;
    let size = features.columns() + 1;
    let mut left = vec![0.0; size * size];
    let mut right = Weights::zeros(features, task_count);
    let mut is_task = vec![0.0; task_count];
    for (row, &task) in features.iter().zip(tasks) {
        let entries: Vec<(usize, f64)> = row
            .flags
            .iter()
            .map(|&flag| (flag as usize, 1.0))
            .chain((features.flags..).zip(row.numbers.iter().map(|&value| f64::from(value))))
            .chain([(size - 1, 1.0)])
            .collect();
        for (place, &(column, value)) in entries.iter().enumerate() {
            for &(other, by) in &entries[..=place] {
                left[column * size + other] += value * by;
            }
        }
        is_task[task as usize] = 1.0;
        right.add(row, &is_task);
        is_task[task as usize] = 0.0;
    }
    (0..size - 1).for_each(|column| left[column * size + column] += PENALTY);
    for row in 0..size {
        for column in 0..=row {
            let (above, here) = left.split_at(row * size);
            let rest = if column == row {
                here[column] - dot(&here[..column], &here[..column])
            } else {
                here[column] - dot(&here[..column], &above[column * size..][..column])
            };
            left[row * size + column] = if column == row {
                rest.sqrt()
            } else {
                rest / left[column * size + column]
            };
        }
    }
    let values = &mut right.values;
    let cell = |row: usize, column: usize| left[row * size + column];
    for row in 0..size {
        for task in 0..task_count {
            let known: f64 = (0..row)
                .map(|column| cell(row, column) * values[column * task_count + task])
                .sum();
            let value = &mut values[row * task_count + task];
            *value = (*value - known) / cell(row, row);
        }
    }
    for row in (0..size).rev() {
        for task in 0..task_count {
            let known: f64 = (row + 1..size)
                .map(|column| cell(column, row) * values[column * task_count + task])
                .sum();
            let value = &mut values[row * task_count + task];
            *value = (*value - known) / cell(row, row);
        }
    }
    right
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normal_equations_hold() {
        let mut features = Matrix::new(3, 1);
        let tasks: Vec<u32> = (0..30).map(|model| model * model % 3).collect();
        for model in 0..30_u32 {
            let mut flags: Vec<u32> = (0..3).filter(|flag| model % (flag + 2) == 0).collect();
            features.push(&mut flags, &[(model % 7) as f32 - 3.0]);
        }
        let weights = solve(&Training {
            features: &features,
            tasks: &tasks,
            task_count: 3,
            seed: 0,
        });
        // The slope of the loss by each weight: the feature times what is said too much, and the penalty.
        let mut slopes = Weights::zeros(&features, 3);
        let mut scores = [0.0; 3];
        for (row, &task) in features.iter().zip(&tasks) {
            weights.score(row, &mut scores);
            scores[task as usize] -= 1.0;
            slopes.add(row, &scores);
        }
        let penalized = weights.values.len() - 3;
        for (place, (slope, weight)) in slopes.values.iter().zip(&weights.values).enumerate() {
            let penalty = if place < penalized { PENALTY } else { 0.0 };
            assert!((slope + penalty * weight).abs() < 1e-9, "{place}");
        }
    }
}
