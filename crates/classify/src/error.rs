//! What can be wrong with a question to this crate.

/// Why there is no study.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClassifyError {
    /// An option has a value that makes no sense.
    #[error("option {option} is {value}, expected {expected}")]
    Option {
        /// Name of the field.
        option: &'static str,
        /// What it is.
        value: String,
        /// What it must be.
        expected: &'static str,
    },
    /// Two examples have the same id.
    #[error("model `{id}` occurs more than once among the examples; give each model once")]
    DuplicateId {
        /// The id.
        id: String,
    },
    /// Examples differ in how many numbers they have.
    #[error(
        "model `{id}` has {found} numbers, the first model has {expected}; write NaN for a missing one"
    )]
    Ragged {
        /// Id of the model.
        id: String,
        /// How many numbers it has.
        found: usize,
        /// How many the first example has.
        expected: usize,
    },
    /// No task has enough models.
    #[error(
        "no task has {minimum} models to train on and one to test on, among {models} models with a task; take a larger \
         snapshot or a lower minimum"
    )]
    NothingToLearn {
        /// Models whose task is known.
        models: usize,
        /// Training models a task needs.
        minimum: usize,
    },
}
