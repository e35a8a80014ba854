//! Features of models in a table, the common currency of the classifiers.

/// Features of models (rows): flags, which a model has or has not, and numbers, all finite.
///
/// Of hundreds of flags a model has a dozen; only these are kept, and only they cost time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Matrix {
    /// How many flags there are.
    pub(crate) flags: usize,
    /// How many numbers there are.
    pub(crate) numbers: usize,
    /// Where a model's flags begin among all flags of models, and behind the last where they end.
    starts: Vec<usize>,
    present: Vec<u32>,
    values: Vec<f32>,
}

/// Features of one model.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    /// The flags that it has, ascending.
    pub(crate) flags: &'a [u32],
    pub(crate) numbers: &'a [f32],
}

impl Matrix {
    pub(crate) fn new(flags: usize, numbers: usize) -> Self {
        Self {
            flags,
            numbers,
            starts: vec![0],
            present: Vec::new(),
            values: Vec::new(),
        }
    }

    /// Adds a model: the flags that it has, in any order and with repeats, and all numbers.
    pub(crate) fn push(&mut self, flags: &mut Vec<u32>, numbers: &[f32]) {
        debug_assert_eq!(numbers.len(), self.numbers, "every model has all numbers");
        flags.sort_unstable();
        flags.dedup();
        self.present.extend_from_slice(flags);
        self.starts.push(self.present.len());
        self.values.extend_from_slice(numbers);
    }

    pub(crate) fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    pub(crate) fn columns(&self) -> usize {
        self.flags + self.numbers
    }

    pub(crate) fn row(&self, row: usize) -> Row<'_> {
        Row {
            flags: &self.present[self.starts[row]..self.starts[row + 1]],
            numbers: &self.values[row * self.numbers..(row + 1) * self.numbers],
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        (0..self.rows()).map(|row| self.row(row))
    }

    /// Of each flag the models that have it, ascending.
    pub(crate) fn models_by_flag(&self) -> Vec<Vec<u32>> {
        let mut models = vec![Vec::new(); self.flags];
        for (number, row) in (0_u32..).zip(self.iter()) {
            for &flag in row.flags {
                models[flag as usize].push(number);
            }
        }
        models
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
