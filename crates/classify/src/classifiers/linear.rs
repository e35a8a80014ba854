//! Weights of features by task, what linear classifiers learn.

use crate::matrix::{Matrix, Row};

/// Of each feature (flags, then numbers) and of the constant a weight per task, tasks side by side.
#[derive(Debug, Clone)]
pub(super) struct Weights {
    pub(super) values: Vec<f64>,
    pub(super) tasks: usize,
    flags: usize,
}

impl Weights {
    pub(super) fn zeros(features: &Matrix, tasks: usize) -> Self {
        Self {
            values: vec![0.0; (features.columns() + 1) * tasks],
            tasks,
            flags: features.flags,
        }
    }

    /// The score of each task for a model, into `scores`.
    pub(super) fn score(&self, row: Row<'_>, scores: &mut [f64]) {
        scores.copy_from_slice(&self.values[self.values.len() - self.tasks..]);
        for &flag in row.flags {
            let weights = &self.values[flag as usize * self.tasks..][..self.tasks];
            scores
                .iter_mut()
                .zip(weights)
                .for_each(|(score, weight)| *score += weight);
        }
        for (number, &value) in (self.flags..).zip(row.numbers) {
            let weights = &self.values[number * self.tasks..][..self.tasks];
            let value = f64::from(value);
            scores
                .iter_mut()
                .zip(weights)
                .for_each(|(score, weight)| *score += weight * value);
        }
    }

    /// The score of each task for each model, model by model.
    pub(super) fn scores(&self, features: &Matrix) -> Vec<f64> {
        let mut scores = vec![0.0; features.rows() * self.tasks];
        for (row, scores) in features.iter().zip(scores.chunks_exact_mut(self.tasks)) {
            self.score(row, scores);
        }
        scores
    }

    /// Adds to each weight the product of its feature and `of` its task.
    pub(super) fn add(&mut self, row: Row<'_>, of: &[f64]) {
        for &flag in row.flags {
            let weights = &mut self.values[flag as usize * self.tasks..][..self.tasks];
            weights
                .iter_mut()
                .zip(of)
                .for_each(|(weight, of)| *weight += of);
        }
        for (number, &value) in (self.flags..).zip(row.numbers) {
            let weights = &mut self.values[number * self.tasks..][..self.tasks];
            let value = f64::from(value);
            weights
                .iter_mut()
                .zip(of)
                .for_each(|(weight, of)| *weight += value * of);
        }
        let constants = self.values.len() - self.tasks;
        let weights = &mut self.values[constants..];
        weights
            .iter_mut()
            .zip(of)
            .for_each(|(weight, of)| *weight += of);
    }
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
