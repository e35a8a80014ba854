//! How well do guesses agree with the truth?

/// Agreement of guesses with the truth, each share between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Metrics {
    pub(crate) accuracy: f64,
    pub(crate) macro_precision: f64,
    pub(crate) macro_recall: f64,
    pub(crate) macro_f1: f64,
}

/// Compares guesses with the truth, both numbers of tasks below `tasks`, pair by pair.
///
/// Macro averages are plain means over all `tasks`; 0/0 counts as 0.
pub(crate) fn compare(truth: &[u32], guesses: &[u32], tasks: usize) -> Metrics {
    let (mut right, mut true_models, mut guessed) =
        (vec![0_u32; tasks], vec![0_u32; tasks], vec![0_u32; tasks]);
    for (&truth, &guess) in truth.iter().zip(guesses) {
        if truth == guess {
            right[truth as usize] += 1;
        }
        true_models[truth as usize] += 1;
        guessed[guess as usize] += 1;
    }
    let mean =
        |per_task: &dyn Fn(usize) -> f64| share((0..tasks).map(per_task).sum(), tasks as f64);
    let count = |counts: &[u32], task: usize| f64::from(counts[task]);
    Metrics {
        accuracy: share(
            right.iter().map(|&right| f64::from(right)).sum(),
            truth.len() as f64,
        ),
        macro_precision: mean(&|task| share(count(&right, task), count(&guessed, task))),
        macro_recall: mean(&|task| share(count(&right, task), count(&true_models, task))),
        // Twice the right ones over all that are true or guessed: the harmonic mean of precision and recall.
        macro_f1: mean(&|task| {
            share(
                2.0 * count(&right, task),
                count(&true_models, task) + count(&guessed, task),
            )
        }),
    }
}

fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64) {
        assert!(
            (found - expected).abs() < 1e-12,
            "{found} is not {expected}"
        );
    }

    /// Truth in rows, guesses in columns:
    ///
    /// ```text
    ///        a  b  c
    ///     a  3  1  0    recall 3/4, precision 3/5, F1 6/9
    ///     b  2  2  0    recall 2/4, precision 2/4, F1 4/8
    ///     c  0  1  0    recall 0,   precision 0/0, F1 0
    /// ```
    #[test]
    fn a_confusion_matrix_by_hand() {
        let truth = [0, 0, 0, 0, 1, 1, 1, 1, 2];
        let guess = [0, 0, 0, 1, 0, 0, 1, 1, 1];
        let found = compare(&truth, &guess, 3);
        close(found.accuracy, 5.0 / 9.0);
        close(found.macro_precision, (3.0 / 5.0 + 2.0 / 4.0) / 3.0);
        close(found.macro_recall, (3.0 / 4.0 + 2.0 / 4.0) / 3.0);
        close(found.macro_f1, (6.0 / 9.0 + 4.0 / 8.0) / 3.0);
    }

    #[test]
    fn nothing_compared_is_no_agreement() {
        let none = Metrics {
            accuracy: 0.0,
            macro_precision: 0.0,
            macro_recall: 0.0,
            macro_f1: 0.0,
        };
        assert_eq!(compare(&[], &[], 2), none);
    }
}
