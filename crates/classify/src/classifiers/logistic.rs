//! Logistic regression over all tasks at once: each feature speaks for or against each task, and they add up.

use super::linear::{Weights, dot};
use super::{Classifier, Training};
use crate::matrix::{Matrix, Probabilities};

pub(super) const NAME: &str = "logistic regression";

/// Weight of half the squared coefficients in the loss, against its sum over models.
const PENALTY: f64 = 1.0;
const STEPS: usize = 100;
/// It is close enough to the optimum when no slope is steeper than this, per model.
const SLOPE: f64 = 1e-4;
/// Steps that L-BFGS remembers.
const MEMORY: usize = 10;

struct Logistic {
    weights: Weights,
}

pub(super) fn fit(training: &Training<'_>) -> Box<dyn Classifier> {
    Box::new(Logistic {
        weights: minimize(training),
    })
}

impl Classifier for Logistic {
    fn probabilities(&self, features: &Matrix) -> Probabilities {
        Probabilities::from_logarithms(self.weights.tasks, self.weights.scores(features))
    }
}

/// The loss and its slopes by weight: minus the logarithm of the probability of each model's task, and the penalty,
/// which spares the constants.
fn loss(training: &Training<'_>, weights: &Weights) -> (f64, Weights) {
    let tasks = training.task_count;
    let mut slopes = Weights::zeros(training.features, tasks);
    let mut loss = 0.0;
    let mut scores = vec![0.0; tasks];
    for (row, &task) in training.features.iter().zip(training.tasks) {
        weights.score(row, &mut scores);
        let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        loss += highest - scores[task as usize];
        scores
            .iter_mut()
            .for_each(|score| *score = (*score - highest).exp());
        let sum: f64 = scores.iter().sum();
        loss += sum.ln();
        scores.iter_mut().for_each(|score| *score /= sum);
        scores[task as usize] -= 1.0;
        slopes.add(row, &scores);
    }
    let penalized = weights.values.len() - tasks;
    let coefficients = &weights.values[..penalized];
    loss += 0.5 * PENALTY * dot(coefficients, coefficients);
    for (slope, weight) in slopes.values.iter_mut().zip(coefficients) {
        *slope += PENALTY * weight;
    }
    (loss, slopes)
}

/// L-BFGS: steps along slopes corrected by the curvature that the last steps have met.
fn minimize(training: &Training<'_>) -> Weights {
    let mut weights = Weights::zeros(training.features, training.task_count);
    let (mut at, mut slopes) = loss(training, &weights);
    let flat = SLOPE * training.features.rows() as f64;
    let mut memory: Vec<Step> = Vec::new();
    for _ in 0..STEPS {
        if slopes.values.iter().all(|slope| slope.abs() < flat) {
            break;
        }
        let direction = direction(&slopes.values, &memory);
        let descent = dot(&direction, &slopes.values);
        // The first step goes as far as one weight; later ones know how far.
        let mut length = if memory.is_empty() {
            1.0 / dot(&direction, &direction).sqrt()
        } else {
            1.0
        };
        let mut tried = weights.clone();
        let (next, next_slopes) = loop {
            for ((tried, weight), direction) in
                tried.values.iter_mut().zip(&weights.values).zip(&direction)
            {
                *tried = weight + length * direction;
            }
            let (next, next_slopes) = loss(training, &tried);
            if next <= at + 1e-4 * length * descent {
                break (next, next_slopes);
            }
            length *= 0.5;
            // Rounding alone leaves no way down.
            if length < 1e-10 {
                return weights;
            }
        };
        let moved: Vec<f64> = difference(&tried.values, &weights.values);
        let turned: Vec<f64> = difference(&next_slopes.values, &slopes.values);
        let curvature = dot(&moved, &turned);
        if curvature > 0.0 {
            if memory.len() == MEMORY {
                memory.remove(0);
            }
            memory.push(Step {
                moved,
                turned,
                curvature,
            });
        }
        (weights, at, slopes) = (tried, next, next_slopes);
    }
    weights
}

/// A step: how the weights moved, how the slopes turned by it, and the product of both.
struct Step {
    moved: Vec<f64>,
    turned: Vec<f64>,
    curvature: f64,
}

/// Where to go, by the two loops of Nocedal.
fn direction(slopes: &[f64], memory: &[Step]) -> Vec<f64> {
    let mut direction: Vec<f64> = slopes.iter().map(|slope| -slope).collect();
    let mut shares = Vec::with_capacity(memory.len());
    for step in memory.iter().rev() {
        let share = dot(&step.moved, &direction) / step.curvature;
        add(&mut direction, -share, &step.turned);
        shares.push(share);
    }
    if let Some(last) = memory.last() {
        let scale = last.curvature / dot(&last.turned, &last.turned);
        direction.iter_mut().for_each(|value| *value *= scale);
    }
    for (step, share) in memory.iter().zip(shares.iter().rev()) {
        let back = dot(&step.turned, &direction) / step.curvature;
        add(&mut direction, share - back, &step.moved);
    }
    direction
}

fn add(to: &mut [f64], share: f64, of: &[f64]) {
    to.iter_mut().zip(of).for_each(|(to, of)| *to += share * of);
}

fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Models whose tasks overlap, so that the optimum is not far off.
    fn overlapping() -> (Matrix, Vec<u32>) {
        let mut features = Matrix::new(2, 1);
        let tasks: Vec<u32> = (0..90).map(|model| model * model % 7 % 3).collect();
        for model in 0..90_u32 {
            let mut flags: Vec<u32> = (0..2).filter(|flag| model % (flag + 2) == 0).collect();
            features.push(&mut flags, &[(model % 5) as f32 - 2.0]);
        }
        (features, tasks)
    }

    #[test]
    fn slopes_are_what_the_loss_rises_by() {
        let (features, tasks) = overlapping();
        let training = Training {
            features: &features,
            tasks: &tasks,
            task_count: 3,
            seed: 0,
        };
        let mut weights = Weights::zeros(&features, 3);
        for (place, weight) in weights.values.iter_mut().enumerate() {
            *weight = (place % 5) as f64 / 10.0 - 0.2;
        }
        let (_, slopes) = loss(&training, &weights);
        for place in 0..weights.values.len() {
            let (mut more, mut less) = (weights.clone(), weights.clone());
            more.values[place] += 1e-5;
            less.values[place] -= 1e-5;
            let rise = (loss(&training, &more).0 - loss(&training, &less).0) / 2e-5;
            assert!((rise - slopes.values[place]).abs() < 1e-6, "{place}");
        }
    }

    #[test]
    fn the_optimum_is_flat() {
        let (features, tasks) = overlapping();
        let training = Training {
            features: &features,
            tasks: &tasks,
            task_count: 3,
            seed: 0,
        };
        let (_, slopes) = loss(&training, &minimize(&training));
        assert!(slopes.values.iter().all(|slope| slope.abs() < SLOPE * 90.0));
    }
}
