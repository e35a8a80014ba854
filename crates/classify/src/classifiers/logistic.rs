//! Logistic regression over all tasks at once: each feature speaks for or against each task, and they add up.

use linfa::dataset::Dataset;
use linfa::traits::Fit as _;
use linfa_logistic::{MultiFittedLogisticRegression, MultiLogisticRegression};
use ndarray::{Array1, Array2, ShapeBuilder as _};

use super::{Classifier, Training, failed};
use crate::error::ClassifyError;
use crate::matrix::{Matrix, Probabilities};

pub(super) const NAME: &str = "logistic regression";

/// Weight of the squared coefficients in the loss, against its sum over models.
const PENALTY: f32 = 1.0;
const STEPS: u64 = 100;

struct Logistic {
    fitted: MultiFittedLogisticRegression<f32, usize>,
    task_count: usize,
}

pub(super) fn fit(training: &Training<'_>) -> Result<Box<dyn Classifier>, ClassifyError> {
    let tasks: Array1<usize> = training.tasks.iter().map(|&task| task as usize).collect();
    let dataset = Dataset::new(array(training.features)?, tasks);
    let attempt = |steps| {
        MultiLogisticRegression::default()
            .alpha(PENALTY)
            .max_iterations(steps)
            .fit(&dataset)
    };
    // Close to the optimum, single precision can leave the line search no step down; the library then gives no answer
    // at all, though the one after fewer steps is good.
    let mut steps = STEPS;
    let mut fitted = attempt(steps);
    while fitted.is_err() && steps > 1 {
        steps /= 2;
        fitted = attempt(steps);
    }
    let fitted = fitted.map_err(|error| failed(NAME)(&error))?;
    Ok(Box::new(Logistic {
        fitted,
        task_count: training.task_count,
    }))
}

impl Classifier for Logistic {
    fn probabilities(&self, features: &Matrix) -> Result<Probabilities, ClassifyError> {
        let found = self.fitted.predict_probabilities(&array(features)?);
        // By logical order, row by row, however the library laid them out.
        Ok(Probabilities::from_weights(
            self.task_count,
            found.iter().map(|&value| f64::from(value)).collect(),
        ))
    }
}

fn array(matrix: &Matrix) -> Result<Array2<f32>, ClassifyError> {
    Array2::from_shape_vec((matrix.rows, matrix.columns).f(), matrix.values.clone())
        .map_err(|error| failed(NAME)(&error))
}
