//! Gradient boosting: for each task a sum of small trees that tells its models from all others.

use forust_ml::{GradientBooster, Matrix as BoosterMatrix};
use rayon::prelude::*;

use super::{Classifier, Training, failed};
use crate::error::ClassifyError;
use crate::matrix::{Matrix, Probabilities};

pub(super) const NAME: &str = "gradient boosting";

const TREES: usize = 30;
const DEPTH: usize = 4;
/// Share of the features that a tree may look at.
const FEATURES: f64 = 0.3;
/// Tokens have two values; the numbers need no more steps than this.
const BINS: u16 = 32;
/// Least sum of p(1 - p) in a leaf. The usual 1 forbids every split for a task of a few dozen models among thousands.
const LEAF_WEIGHT: f32 = 0.02;

struct Boosting {
    boosters: Vec<GradientBooster>,
}

pub(super) fn fit(training: &Training<'_>) -> Result<Box<dyn Classifier>, ClassifyError> {
    let Matrix { rows, columns, .. } = *training.features;
    let values = doubles(training.features);
    let weights = vec![1.0; rows];
    let boosters = (0..training.task_count)
        .into_par_iter()
        .map(|task| {
            let is_task: Vec<f64> = training
                .tasks
                .iter()
                .map(|&of| f64::from(u8::from(of as usize == task)))
                .collect();
            let mut booster = GradientBooster::default()
                .set_iterations(TREES)
                .set_max_depth(DEPTH)
                .set_nbins(BINS)
                .set_min_leaf_weight(LEAF_WEIGHT)
                // Of a single feature a share would be none.
                .set_colsample_bytree(if columns < 20 { 1.0 } else { FEATURES })
                .set_initialize_base_score(true)
                .set_parallel(false)
                .set_seed(training.seed.wrapping_add(task as u64));
            booster
                .fit(
                    &BoosterMatrix::new(&values, rows, columns),
                    &is_task,
                    &weights,
                    None,
                )
                .map_err(|error| failed(NAME)(&error))?;
            Ok(booster)
        })
        .collect::<Result<Vec<_>, ClassifyError>>()?;
    Ok(Box::new(Boosting { boosters }))
}

impl Classifier for Boosting {
    fn probabilities(&self, features: &Matrix) -> Result<Probabilities, ClassifyError> {
        let values = doubles(features);
        let matrix = BoosterMatrix::new(&values, features.rows, features.columns);
        let odds: Vec<Vec<f64>> = self
            .boosters
            .par_iter()
            .map(|booster| booster.predict(&matrix, false))
            .collect();
        let weights = (0..features.rows)
            .flat_map(|row| {
                odds.iter()
                    .map(move |odds| 1.0 / (1.0 + (-odds[row]).exp()))
            })
            .collect();
        Ok(Probabilities::from_weights(self.boosters.len(), weights))
    }
}

fn doubles(matrix: &Matrix) -> Vec<f64> {
    matrix
        .values
        .iter()
        .map(|&value| f64::from(value))
        .collect()
}
