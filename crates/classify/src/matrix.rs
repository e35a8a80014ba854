//! Numbers of models in a table, the common currency of the classifiers.

/// Values of models (rows) by feature (columns), column by column. All finite.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Matrix {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) values: Vec<f32>,
}

impl Matrix {
    pub(crate) fn zeros(rows: usize, columns: usize) -> Self {
        Self {
            rows,
            columns,
            values: vec![0.0; rows * columns],
        }
    }

    pub(crate) fn set(&mut self, row: usize, column: usize, value: f32) {
        self.values[column * self.rows + row] = value;
    }

    pub(crate) fn get(&self, row: usize, column: usize) -> f32 {
        self.values[column * self.rows + row]
    }
}

/// Probability of each task for each model, model by model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Probabilities {
    pub(crate) tasks: usize,
    pub(crate) values: Vec<f64>,
}

impl Probabilities {
    /// The likeliest task of each model and its probability; of equally likely ones the first.
    pub(crate) fn best(&self) -> Vec<(u32, f64)> {
        self.values
            .chunks_exact(self.tasks.max(1))
            .map(|row| {
                (0_u32..)
                    .zip(row)
                    .fold((0, f64::NEG_INFINITY), |best, (task, &probability)| {
                        if probability > best.1 {
                            (task, probability)
                        } else {
                            best
                        }
                    })
            })
            .collect()
    }

    /// From logarithms of something proportional to the probabilities.
    pub(crate) fn from_logarithms(tasks: usize, mut values: Vec<f64>) -> Self {
        for row in values.chunks_exact_mut(tasks.max(1)) {
            let highest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            row.iter_mut()
                .for_each(|value| *value = (*value - highest).exp());
            normalize(row);
        }
        Self { tasks, values }
    }

    /// From weights that are not negative; all zero means that nothing is known.
    pub(crate) fn from_weights(tasks: usize, mut values: Vec<f64>) -> Self {
        values.chunks_exact_mut(tasks.max(1)).for_each(normalize);
        Self { tasks, values }
    }
}

fn normalize(row: &mut [f64]) {
    let sum: f64 = row.iter().sum();
    let even = 1.0 / row.len() as f64;
    row.iter_mut()
        .for_each(|value| *value = if sum > 0.0 { *value / sum } else { even });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_go_to_the_first_task() {
        let weights = Probabilities::from_weights(3, vec![1.0, 2.0, 2.0, 0.0, 0.0, 0.0]);
        assert_eq!(weights.best(), vec![(1, 0.4), (0, 1.0 / 3.0)]);
    }

    #[test]
    fn logarithms_far_below_zero_keep_their_proportions() {
        let found = Probabilities::from_logarithms(2, vec![-1000.0, -1000.0 + 3_f64.ln()]).best();
        assert_eq!(found[0].0, 1);
        assert!((found[0].1 - 0.75).abs() < 1e-9);
    }
}
