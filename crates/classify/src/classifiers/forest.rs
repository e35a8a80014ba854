//! Random forest: trees on resampled models, each split on a few features drawn at random; they vote.

use rayon::prelude::*;
use smartcore::ensemble::random_forest_classifier::{
    RandomForestClassifier, RandomForestClassifierParameters,
};
use smartcore::linalg::basic::matrix::DenseMatrix;

use super::{Classifier, Training, failed};
use crate::error::ClassifyError;
use crate::matrix::{Matrix, Probabilities};

pub(super) const NAME: &str = "random forest";

const TREES: u64 = 30;
/// One feature in so many is drawn for a split, where that is more than the square root: among hundreds of tokens, each
/// absent from most models, a few drawn at random split off next to nothing.
const SHARE: usize = 8;

/// How many of the features are drawn for a split.
fn drawn(columns: usize) -> usize {
    (columns / SHARE).max(columns.isqrt())
}

/// Forests of one tree each: the library gives the winner of a forest's vote and not the votes, and grows its trees one
/// after the other.
struct Forest {
    trees: Vec<RandomForestClassifier<f32, u32, DenseMatrix<f32>, Vec<u32>>>,
    task_count: usize,
}

pub(super) fn fit(training: &Training<'_>) -> Result<Box<dyn Classifier>, ClassifyError> {
    let features = dense(training.features)?;
    let tasks = training.tasks.to_vec();
    let trees = (0..TREES)
        .into_par_iter()
        .map(|tree| {
            let parameters = RandomForestClassifierParameters::default()
                .with_n_trees(1)
                .with_m(drawn(training.features.columns))
                .with_seed(training.seed.wrapping_mul(TREES).wrapping_add(tree));
            RandomForestClassifier::fit(&features, &tasks, parameters)
                .map_err(|error| failed(NAME)(&error))
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Box::new(Forest {
        trees,
        task_count: training.task_count,
    }))
}

impl Classifier for Forest {
    fn probabilities(&self, features: &Matrix) -> Result<Probabilities, ClassifyError> {
        let dense = dense(features)?;
        let guesses = self
            .trees
            .par_iter()
            .map(|tree| tree.predict(&dense).map_err(|error| failed(NAME)(&error)))
            .collect::<Result<Vec<_>, _>>()?;
        let mut votes = vec![0.0; features.rows * self.task_count];
        for guesses in guesses {
            for (row, task) in guesses.into_iter().enumerate() {
                votes[row * self.task_count + task as usize] += 1.0;
            }
        }
        Ok(Probabilities::from_weights(self.task_count, votes))
    }
}

fn dense(matrix: &Matrix) -> Result<DenseMatrix<f32>, ClassifyError> {
    DenseMatrix::new(matrix.rows, matrix.columns, matrix.values.clone(), true)
        .map_err(|error| failed(NAME)(&error))
}
