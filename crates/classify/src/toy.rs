//! Examples for tests.

use crate::example::Example;

pub(crate) fn example(
    number: usize,
    task: Option<&str>,
    tokens: Vec<String>,
    numbers: Vec<f64>,
) -> Example {
    Example {
        id: format!("account/model-{number}"),
        task: task.map(str::to_owned),
        tokens: tokens.into_iter().map(Into::into).collect(),
        numbers,
    }
}
