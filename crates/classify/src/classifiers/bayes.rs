//! Naive Bayes over yes and no: how often each feature occurs with each task, as if features knew nothing of each other.

use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::naive_bayes::bernoulli::{BernoulliNB, BernoulliNBParameters};

use super::{Classifier, Training, failed};
use crate::error::ClassifyError;
use crate::matrix::{Matrix, Probabilities};

pub(super) const NAME: &str = "naive Bayes";

/// Models added to each task with and without each feature, so that nothing is impossible.
const SMOOTHING: f64 = 0.1;

/// Logarithms of probabilities, by task.
struct Bayes {
    /// Of the task and the absence of every feature.
    without: Vec<f64>,
    /// What the presence of a feature changes.
    with: Vec<Vec<f64>>,
}

pub(super) fn fit(training: &Training<'_>) -> Result<Box<dyn Classifier>, ClassifyError> {
    let Matrix { rows, columns, .. } = *training.features;
    // Numbers are distances from their mean: what is asked of them is whether they are above it.
    let values = training
        .features
        .values
        .iter()
        .map(|&value| f32::from(u8::from(value > 0.0)))
        .collect();
    let features =
        DenseMatrix::new(rows, columns, values, true).map_err(|error| failed(NAME)(&error))?;
    let parameters = BernoulliNBParameters {
        binarize: None,
        ..BernoulliNBParameters::default()
    }
    .with_alpha(SMOOTHING);
    let fitted: BernoulliNB<f32, u32, _, _> =
        BernoulliNB::fit(&features, &training.tasks.to_vec(), parameters)
            .map_err(|error| failed(NAME)(&error))?;
    let present = fitted.feature_log_prob();
    let absent: Vec<Vec<f64>> = present
        .iter()
        .map(|task| {
            task.iter()
                .map(|present| (-present.exp()).ln_1p())
                .collect()
        })
        .collect();
    let without = fitted
        .class_count()
        .iter()
        .zip(&absent)
        .map(|(&models, absent)| (models as f64 / rows as f64).ln() + absent.iter().sum::<f64>())
        .collect();
    let with = present
        .iter()
        .zip(&absent)
        .map(|(present, absent)| {
            present
                .iter()
                .zip(absent)
                .map(|(present, absent)| present - absent)
                .collect()
        })
        .collect();
    Ok(Box::new(Bayes { without, with }))
}

impl Classifier for Bayes {
    fn probabilities(&self, features: &Matrix) -> Result<Probabilities, ClassifyError> {
        let mut logarithms = Vec::with_capacity(features.rows * self.without.len());
        for row in 0..features.rows {
            let present: Vec<usize> = (0..features.columns)
                .filter(|&column| features.get(row, column) > 0.0)
                .collect();
            logarithms.extend(self.without.iter().zip(&self.with).map(|(without, with)| {
                without + present.iter().map(|&column| with[column]).sum::<f64>()
            }));
        }
        Ok(Probabilities::from_logarithms(
            self.without.len(),
            logarithms,
        ))
    }
}
