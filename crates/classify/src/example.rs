//! What is learned from.

use std::sync::Arc;

/// A model and what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// Its id, once among the examples.
    pub id: String,
    /// Its task, if known.
    pub task: Option<String>,
    /// Evidence that is there or not, as `kind=value`: `account=google`, `library=transformers`, `tag=bert`. Repeats
    /// count once. Shared, as a few tokens are on most models.
    pub tokens: Vec<Arc<str>>,
    /// Evidence that is a number, the same ones in the same order for every example; NaN or infinite if missing. What
    /// spans orders of magnitude is best given as its logarithm.
    pub numbers: Vec<f64>,
}
