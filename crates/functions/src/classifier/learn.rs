//! The classifiers behind it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray as _, Float64Builder, Int64Builder, ListArray, StringBuilder,
    StructArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::common::{DataFusionError, Result, ScalarValue, exec_err};
use datafusion::logical_expr::Accumulator;
use hubcensus_classify::{ClassifyError, Example, Leaks, Options, Study, study};
use serde::{Deserialize, Serialize};

use super::{NAME, fields, item};

/// The models, their tokens kept once however many share them.
#[derive(Debug, Default)]
pub(super) struct TaskStudy {
    models: Vec<Example>,
    names: Vec<String>,
    tokens: HashSet<Arc<str>>,
    train_limit: Option<i64>,
    bytes: usize,
}

/// What one partition hands on to the one that studies; floats by their bits.
#[derive(Debug, Serialize, Deserialize)]
struct Part {
    names: Vec<String>,
    train_limit: Option<i64>,
    tokens: Vec<String>,
    models: Vec<PartModel>,
}

#[derive(Debug, Serialize, Deserialize)]
struct PartModel {
    id: String,
    task: Option<String>,
    /// Places among the part's tokens.
    tokens: Vec<usize>,
    numbers: Vec<u64>,
}

impl TaskStudy {
    fn token(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.tokens.get(text) {
            return Arc::clone(known);
        }
        let token: Arc<str> = Arc::from(text);
        self.bytes += text.len() + 2 * size_of::<Arc<str>>();
        self.tokens.insert(Arc::clone(&token));
        token
    }
}

impl Accumulator for TaskStudy {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let [ids, tasks, tokens, numbers, limit] = values else {
            return exec_err!("{NAME} takes five arguments");
        };
        let limit = limit.as_primitive::<Int64Type>().iter().flatten().next();
        self.train_limit = self.train_limit.or(limit);
        let (ids, tasks) = (ids.as_string::<i32>(), tasks.as_string::<i32>());
        let (tokens, numbers) = (tokens.as_list::<i32>(), numbers.as_list::<i32>());
        for row in 0..ids.len() {
            let task = tasks.is_valid(row).then(|| tasks.value(row).to_owned());
            if ids.is_null(row) {
                self.names.extend(task);
                continue;
            }
            let tokens: Vec<Arc<str>> = if tokens.is_valid(row) {
                let tokens = tokens.value(row);
                let tokens = tokens.as_string::<i32>().iter().flatten();
                tokens.map(|token| self.token(token)).collect()
            } else {
                Vec::new()
            };
            let numbers: Vec<f64> = if numbers.is_valid(row) {
                let numbers = numbers.value(row);
                let numbers = numbers.as_primitive::<Float64Type>().iter();
                numbers.map(|number| number.unwrap_or(f64::NAN)).collect()
            } else {
                Vec::new()
            };
            self.bytes += size_of::<Example>()
                + ids.value(row).len()
                + tokens.len() * size_of::<Arc<str>>()
                + numbers.len() * size_of::<f64>();
            self.models.push(Example {
                id: ids.value(row).to_owned(),
                task,
                tokens,
                numbers,
            });
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let [states] = states else {
            return exec_err!("{NAME} has one part of state");
        };
        for bytes in states.as_binary::<i64>().iter().flatten() {
            let part: Part = serde_json::from_slice(bytes)
                .map_err(|error| DataFusionError::External(Box::new(error)))?;
            let tokens: Vec<Arc<str>> = part.tokens.iter().map(|text| self.token(text)).collect();
            self.names.extend(part.names);
            self.train_limit = self.train_limit.or(part.train_limit);
            self.bytes += part.models.len() * size_of::<Example>();
            self.models.extend(part.models.into_iter().map(|model| {
                Example {
                    id: model.id,
                    task: model.task,
                    tokens: model
                        .tokens
                        .into_iter()
                        .filter_map(|token| tokens.get(token).cloned())
                        .collect(),
                    numbers: model.numbers.into_iter().map(f64::from_bits).collect(),
                }
            }));
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let mut places: HashMap<Arc<str>, usize> = HashMap::new();
        let mut tokens = Vec::new();
        let models = std::mem::take(&mut self.models)
            .into_iter()
            .map(|model| PartModel {
                id: model.id,
                task: model.task,
                tokens: model
                    .tokens
                    .into_iter()
                    .map(|token| {
                        *places.entry(Arc::clone(&token)).or_insert_with(|| {
                            tokens.push(token.as_ref().to_owned());
                            tokens.len() - 1
                        })
                    })
                    .collect(),
                numbers: model.numbers.into_iter().map(f64::to_bits).collect(),
            })
            .collect();
        let part = Part {
            names: std::mem::take(&mut self.names),
            train_limit: self.train_limit,
            tokens,
            models,
        };
        let bytes = serde_json::to_vec(&part)
            .map_err(|error| DataFusionError::External(Box::new(error)))?;
        Ok(vec![ScalarValue::LargeBinary(Some(bytes))])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let defaults = Options::default();
        let train_limit = match self.train_limit.map(usize::try_from) {
            None => defaults.train_limit,
            Some(Ok(limit)) => limit,
            Some(Err(_)) => return exec_err!("{NAME} takes a train_limit of at least 1"),
        };
        let options = Options {
            train_limit,
            ..defaults
        };
        match study(&self.models, &Leaks::new(&self.names), &options) {
            Ok(study) => Ok(ScalarValue::List(Arc::new(rows(&study)?))),
            Err(ClassifyError::NothingToLearn { .. }) => {
                ScalarValue::try_from(DataType::List(item()))
            }
            Err(error) => exec_err!("{NAME}: {error}"),
        }
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.bytes
    }
}

/// A study as one list of structs.
fn rows(study: &Study) -> Result<ListArray> {
    let (scores, guesses) = (study.scores.len(), study.predictions.len());
    let mut columns: Vec<ArrayRef> = Vec::new();
    let text = |of: &mut dyn Iterator<Item = Option<&str>>| -> ArrayRef {
        let mut builder = StringBuilder::new();
        builder.extend(of);
        Arc::new(builder.finish())
    };
    let float = |of: &mut dyn Iterator<Item = Option<f64>>| -> ArrayRef {
        let mut builder = Float64Builder::new();
        builder.extend(of);
        Arc::new(builder.finish())
    };
    let count = |of: &mut dyn Iterator<Item = Option<u64>>| -> ArrayRef {
        let mut builder = Int64Builder::new();
        // No snapshot has more models than an Int64 counts.
        builder.extend(of.map(|count| count.map(u64::cast_signed)));
        Arc::new(builder.finish())
    };
    let none = |rows| std::iter::repeat_n(None, rows);
    columns.push(text(
        &mut study
            .scores
            .iter()
            .map(|score| Some(score.classifier.as_str()))
            .chain(std::iter::repeat_n(Some(study.best.as_str()), guesses)),
    ));
    let measures: [fn(&hubcensus_classify::Score) -> f64; 4] = [
        |score| score.accuracy,
        |score| score.macro_precision,
        |score| score.macro_recall,
        |score| score.macro_f1,
    ];
    for measure in measures {
        let of = study.scores.iter().map(|score| Some(measure(score)));
        columns.push(float(&mut of.chain(none(guesses))));
    }
    let counts: [fn(&hubcensus_classify::Score) -> u64; 3] = [
        |score| score.train_models,
        |score| score.test_models,
        |score| score.tasks,
    ];
    for counted in counts {
        let of = study.scores.iter().map(|score| Some(counted(score)));
        columns.push(count(
            &mut of.chain(std::iter::repeat_n(None::<u64>, guesses)),
        ));
    }
    for left_out in [study.tasks_left_out, study.models_left_out] {
        let of = std::iter::repeat_n(Some(left_out), scores);
        columns.push(count(&mut of.chain(std::iter::repeat_n(None, guesses))));
    }
    let guessed = &study.predictions;
    let nothing = || std::iter::repeat_n(None::<&str>, scores);
    columns.push(text(
        &mut nothing().chain(guessed.iter().map(|guess| Some(guess.id.as_str()))),
    ));
    columns.push(text(
        &mut nothing().chain(guessed.iter().map(|guess| Some(guess.task.as_str()))),
    ));
    columns.push(float(
        &mut none(scores).chain(guessed.iter().map(|guess| Some(guess.confidence))),
    ));
    let rows = StructArray::try_new(fields(), columns, None)?;
    let offsets = OffsetBuffer::from_lengths([rows.len()]);
    Ok(ListArray::try_new(item(), offsets, Arc::new(rows), None)?)
}
