//! Which task would a model have, judged by its other columns?
//!
//! [`study`] takes models with their evidence (tokens such as `account=google` or `tag=bert`, and numbers such as
//! `log1p(downloads)`), trains several classifiers on some of those whose task is known, scores them on others, and
//! lets the best say the task of those whose task is not known.
//!
//! ```
//! use hubcensus_classify::{Example, Leaks, Options, study};
//!
//! let model = |i: usize, task: Option<&str>, library: &str| Example {
//!     id: format!("someone/model-{i}"),
//!     task: task.map(str::to_owned),
//!     tokens: vec![format!("library={library}").into(), "tag=text-to-image".into()],
//!     numbers: vec![i as f64],
//! };
//! let examples: Vec<Example> = (0..200)
//!     .map(|i| match i % 5 {
//!         0 | 1 => model(i, Some("text-to-image"), "diffusers"),
//!         2 | 3 => model(i, Some("fill-mask"), "transformers"),
//!         _ => model(i, None, "diffusers"),
//!     })
//!     .collect();
//! let leaks = Leaks::new(["text-to-image", "fill-mask"]);
//! let study = study(&examples, &leaks, &Options { min_models_per_task: 10, ..Options::default() })?;
//! assert!(study.scores.iter().any(|score| score.classifier == "random forest" && score.accuracy == 1.0));
//! assert!(study.predictions.iter().all(|guess| guess.task == "text-to-image"));
//! # Ok::<(), hubcensus_classify::ClassifyError>(())
//! ```
//!
//! # What makes the scores trustworthy
//!
//! - **The answer is not among the evidence.** On the Hub a task is also a tag, and so are its synonyms, and some tags
//!   are set by the Hub because of the task. Whatever names a task is no feature; see [`Leaks`].
//! - **Held-out models are held out of everything**: which tokens become features, the means and deviations of the
//!   numbers and the choice of tasks by their size are computed on the training part alone.
//! - **The split is a function of the id** and the seed: a model stays on its side whatever else is in the snapshot,
//!   and whatever the order of the rows, so that tomorrow's scores can be set beside today's.
//! - **The majority baseline stands in the same table**: always the most common task of the training part.
//! - **Macro averages are over the tasks**, each counted once however few its models: what is right for the most
//!   common task alone does not look good. Precision, recall or F1 that is 0/0 counts as 0, and every classifier is
//!   averaged over the same tasks.
//!
//! - **Settings of the classifiers** (number of trees, penalties) are constants of the code, chosen by splits within
//!   the training part alone.
//!
//! The best classifier is picked by its score on the held-out models, so its own score flatters it a little; the
//! differences between classifiers do not suffer from it.
//!
//! # What is left out
//!
//! Tasks with fewer than [`Options::min_models_per_task`] training models, or none held out, and all but the
//! [`Options::max_tasks`] most common: neither trained, nor scored, nor ever predicted. [`Study::tasks_left_out`] and
//! [`Study::models_left_out`] say how many.
//!
//! # Cost
//!
//! Of some hundreds of features a model has about a dozen, so that a model is kept as the list of those that it has, and
//! all classifiers learn from these lists: no library of Rust that is built in seconds does, and dense ones take ten
//! times as long. A study of 10,000 models takes some seconds of one core.
//!
//! Training and test parts are bounded by [`Options::train_limit`] (the models first by hash, so again independent of
//! order), features and tasks by their options; predictions go in blocks. Memory therefore does not grow with the
//! number of models beyond what the caller holds, and time only by one pass over the models without a task.
//!
//! # Determinism
//!
//! The same examples in any order and on any number of threads give the same result: every random choice has its own
//! seed, and sums are taken in a fixed order. Across systems the last bits of exponentials and logarithms may differ, as
//! they come from the system's library; confidences are therefore rounded to four decimals.

mod classifiers;
mod error;
mod example;
mod features;
mod leaks;
mod matrix;
mod metrics;
mod rng;
mod split;
mod study;
#[cfg(test)]
mod toy;

pub use error::ClassifyError;
pub use example::Example;
pub use leaks::Leaks;
pub use study::{Options, Prediction, Score, Study, study};
