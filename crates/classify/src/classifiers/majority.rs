//! The baseline: every task as likely as it is among the training models, whatever the model.

use super::{Classifier, Training};
use crate::matrix::{Matrix, Probabilities};

pub(super) const NAME: &str = "majority baseline";

struct Majority {
    models: Vec<f64>,
}

pub(super) fn fit(training: &Training<'_>) -> Box<dyn Classifier> {
    let mut models = vec![0.0; training.task_count];
    training
        .tasks
        .iter()
        .for_each(|&task| models[task as usize] += 1.0);
    Box::new(Majority { models })
}

impl Classifier for Majority {
    fn probabilities(&self, features: &Matrix) -> Probabilities {
        Probabilities::from_weights(self.models.len(), self.models.repeat(features.rows()))
    }
}
