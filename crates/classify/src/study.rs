//! The study itself: who trains, who is held out, how each classifier does, and what the best says of the rest.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::classifiers::{ALL, BASELINE, Classifier, Training};
use crate::error::ClassifyError;
use crate::example::Example;
use crate::features::Features;
use crate::leaks::Leaks;
use crate::metrics::{Metrics, compare};
use crate::split::{held_out, turn};

/// Models whose task is guessed at once.
const BLOCK: usize = 4096;

/// How a study is made.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Most training models, at least 1; the held-out models are bounded in proportion.
    pub train_limit: usize,
    /// Most tokens that become features, those that say most about the task among the training models.
    pub features: usize,
    /// Training models that a task must have, at least 1; rarer tasks are left out.
    pub min_models_per_task: usize,
    /// Most tasks, at least 1, those with most training models (ties by name); the others are left out.
    pub max_tasks: usize,
    /// Share of the models with a task that are held out, above 0 and below 1.
    pub test_share: f64,
    /// Changes the split and every random choice.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            train_limit: 20_000,
            features: 300,
            min_models_per_task: 20,
            max_tasks: 50,
            test_share: 0.2,
            seed: 0,
        }
    }
}

/// How one classifier did on the held-out models. Shares between 0 and 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// Name of the classifier.
    pub classifier: String,
    /// Share of the held-out models whose task it found.
    pub accuracy: f64,
    /// Mean over the tasks of the share of right ones among the models given the task; 0 for a task given to none.
    pub macro_precision: f64,
    /// Mean over the tasks of the share of the task's models that were given it.
    pub macro_recall: f64,
    /// Mean over the tasks of the harmonic mean of the two.
    pub macro_f1: f64,
    /// Models it was trained on.
    pub train_models: u64,
    /// Models it was asked about.
    pub test_models: u64,
    /// Tasks it chose from.
    pub tasks: u64,
}

/// The task that the best classifier gives a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// Id of the model.
    pub id: String,
    /// The likeliest task.
    pub task: String,
    /// Its probability by the classifier, rounded to four decimals: of forests the mean over the trees, of gradient
    /// boosting and the ridge classifier the task's own against the sum over tasks. Not calibrated.
    pub confidence: f64,
}

/// What a study found.
#[derive(Debug, Clone, PartialEq)]
pub struct Study {
    /// The classifiers, the best first: by macro F1, ties by name.
    pub scores: Vec<Score>,
    /// Name of the best.
    pub best: String,
    /// What it says of the examples without a task, by id.
    pub predictions: Vec<Prediction>,
    /// Tasks that are among the examples and not in the study.
    pub tasks_left_out: u64,
    /// Models of these tasks.
    pub models_left_out: u64,
}

/// Trains the classifiers, scores them on held-out models, and lets the best guess the tasks that are not known.
///
/// With a single task, or evidence that says nothing, the majority baseline is the only classifier.
///
/// # Errors
///
/// [`ClassifyError::Option`], [`ClassifyError::DuplicateId`] and [`ClassifyError::Ragged`] for a wrong question;
/// [`ClassifyError::NothingToLearn`] when no task has enough models.
pub fn study(
    examples: &[Example],
    leaks: &Leaks,
    options: &Options,
) -> Result<Study, ClassifyError> {
    validate(examples, options)?;
    let parts = Parts::split(examples, options)?;
    let features = Features::choose(
        &parts.train,
        &parts.train_tasks,
        parts.tasks.len(),
        options.features,
        leaks,
    );
    let train_features = features.matrix(&parts.train);
    let test_features = features.matrix(&parts.test);
    let training = Training {
        features: &train_features,
        tasks: &parts.train_tasks,
        task_count: parts.tasks.len(),
        seed: options.seed,
    };
    let only_baseline = parts.tasks.len() < 2 || features.columns() == 0;
    let mut tried = ALL
        .par_iter()
        .filter(|(name, _)| !only_baseline || *name == BASELINE)
        .map(|(name, fit)| {
            let classifier = fit(&training);
            let guesses: Vec<u32> = classifier
                .probabilities(&test_features)
                .best()
                .into_iter()
                .map(|(task, _)| task)
                .collect();
            let metrics = compare(&parts.test_tasks, &guesses, parts.tasks.len());
            (parts.score(name, metrics), classifier)
        })
        .collect::<Vec<(Score, Box<dyn Classifier>)>>();
    tried.sort_by(|(a, _), (b, _)| {
        b.macro_f1
            .total_cmp(&a.macro_f1)
            .then_with(|| a.classifier.cmp(&b.classifier))
    });
    let Some((best, classifier)) = tried.first() else {
        return Err(parts.nothing(options));
    };
    Ok(Study {
        best: best.classifier.clone(),
        predictions: predict(examples, &features, classifier.as_ref(), &parts.tasks),
        tasks_left_out: parts.tasks_left_out,
        models_left_out: parts.models_left_out,
        scores: tried.into_iter().map(|(score, _)| score).collect(),
    })
}

fn predict(
    examples: &[Example],
    features: &Features<'_>,
    classifier: &dyn Classifier,
    tasks: &[&str],
) -> Vec<Prediction> {
    let mut unknown: Vec<&Example> = examples
        .iter()
        .filter(|example| example.task.is_none())
        .collect();
    unknown.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    unknown
        .par_chunks(BLOCK)
        .flat_map_iter(|block| {
            let best = classifier.probabilities(&features.matrix(block)).best();
            block
                .iter()
                .zip(best)
                .map(|(example, (task, confidence))| Prediction {
                    id: example.id.clone(),
                    task: tasks[task as usize].to_owned(),
                    confidence: (confidence * 1e4).round() / 1e4,
                })
        })
        .collect()
}

fn validate(examples: &[Example], options: &Options) -> Result<(), ClassifyError> {
    let counts = [
        ("train_limit", options.train_limit),
        ("min_models_per_task", options.min_models_per_task),
        ("max_tasks", options.max_tasks),
    ];
    if let Some((option, value)) = counts.into_iter().find(|(_, value)| *value == 0) {
        return Err(ClassifyError::Option {
            option,
            value: value.to_string(),
            expected: "at least 1",
        });
    }
    if !(options.test_share > 0.0 && options.test_share < 1.0) {
        return Err(ClassifyError::Option {
            option: "test_share",
            value: options.test_share.to_string(),
            expected: "above 0 and below 1",
        });
    }
    let expected = examples.first().map_or(0, |first| first.numbers.len());
    if let Some(example) = examples
        .iter()
        .find(|example| example.numbers.len() != expected)
    {
        return Err(ClassifyError::Ragged {
            id: example.id.clone(),
            found: example.numbers.len(),
            expected,
        });
    }
    let mut ids: Vec<&str> = examples.iter().map(|example| example.id.as_str()).collect();
    ids.par_sort_unstable();
    match ids.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(ClassifyError::DuplicateId {
            id: pair[0].to_owned(),
        }),
        None => Ok(()),
    }
}

/// The models of the study by their part, and its tasks by name; a model's task is a place among them.
struct Parts<'a> {
    tasks: Vec<&'a str>,
    train: Vec<&'a Example>,
    train_tasks: Vec<u32>,
    test: Vec<&'a Example>,
    test_tasks: Vec<u32>,
    tasks_left_out: u64,
    models_left_out: u64,
    known: usize,
}

impl<'a> Parts<'a> {
    fn split(examples: &'a [Example], options: &Options) -> Result<Self, ClassifyError> {
        let known: Vec<(&Example, &str)> = examples
            .iter()
            .filter_map(|example| Some((example, example.task.as_deref()?)))
            .collect();
        let (mut test, mut train): (Vec<_>, Vec<_>) = known
            .iter()
            .copied()
            .partition(|(example, _)| held_out(&example.id, options.seed, options.test_share));
        first(&mut train, options.train_limit, options.seed);
        first(&mut test, test_limit(options), options.seed);

        let mut models: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        train
            .iter()
            .for_each(|(_, task)| models.entry(task).or_default().0 += 1);
        test.iter()
            .for_each(|(_, task)| models.entry(task).or_default().1 += 1);
        let mut ranked: Vec<(usize, &str)> = models
            .iter()
            .filter(|(_, (train, test))| *train >= options.min_models_per_task && *test > 0)
            .map(|(task, (train, _))| (*train, *task))
            .collect();
        ranked.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
        ranked.truncate(options.max_tasks);
        let mut tasks: Vec<&str> = ranked.into_iter().map(|(_, task)| task).collect();
        tasks.sort_unstable();

        let places: BTreeMap<&str, u32> = tasks.iter().copied().zip(0..).collect();
        let kept = |part: Vec<(&'a Example, &'a str)>| -> (Vec<&'a Example>, Vec<u32>) {
            part.into_iter()
                .filter_map(|(example, task)| Some((example, *places.get(task)?)))
                .unzip()
        };
        let (train, train_tasks) = kept(train);
        let (test, test_tasks) = kept(test);
        let mut left_out: BTreeMap<&str, u64> = BTreeMap::new();
        for (_, task) in known.iter().filter(|(_, task)| !places.contains_key(task)) {
            *left_out.entry(task).or_default() += 1;
        }
        let parts = Self {
            tasks,
            train,
            train_tasks,
            test,
            test_tasks,
            tasks_left_out: left_out.len() as u64,
            models_left_out: left_out.values().sum(),
            known: known.len(),
        };
        if parts.tasks.is_empty() {
            Err(parts.nothing(options))
        } else {
            Ok(parts)
        }
    }

    fn nothing(&self, options: &Options) -> ClassifyError {
        ClassifyError::NothingToLearn {
            models: self.known,
            minimum: options.min_models_per_task,
        }
    }

    fn score(&self, classifier: &str, metrics: Metrics) -> Score {
        Score {
            classifier: classifier.to_owned(),
            accuracy: metrics.accuracy,
            macro_precision: metrics.macro_precision,
            macro_recall: metrics.macro_recall,
            macro_f1: metrics.macro_f1,
            train_models: self.train.len() as u64,
            test_models: self.test.len() as u64,
            tasks: self.tasks.len() as u64,
        }
    }
}

/// As many held-out models as go with the training models at their limit.
fn test_limit(options: &Options) -> usize {
    let limit = options.train_limit as f64 * options.test_share / (1.0 - options.test_share);
    // A float beyond the range becomes its end.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a positive count, saturating"
    )]
    let limit = limit.ceil() as usize;
    limit.max(1)
}

/// Keeps the models whose turn comes first, in that order.
fn first(part: &mut Vec<(&Example, &str)>, limit: usize, seed: u64) {
    part.sort_by_cached_key(|(example, _)| (turn(&example.id, seed), example.id.as_str()));
    part.truncate(limit);
}

#[cfg(test)]
#[path = "study_tests.rs"]
mod tests;
