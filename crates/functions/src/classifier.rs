//! `task_study`: the classifiers of a model's task as an SQL aggregate.

#[cfg(feature = "classify")]
mod learn;

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields};
use datafusion::common::Result;
use datafusion::logical_expr::{Accumulator, AggregateUDF, Volatility, create_udaf};

/// The name of the aggregate.
pub(crate) const NAME: &str = "task_study";

/// The version of what it returns; without the classifiers, that it is null.
pub(crate) const VERSION: &str = if cfg!(feature = "classify") {
    "2"
} else {
    "without classify"
};

/// `task_study(id, task, tokens, numbers, train_limit)`: what
/// `hubcensus_classify::study` says of the rows, as a list of structs: a row
/// without id per classifier, best first, then a row per model without a task,
/// by id, with the best classifier's guess. A row whose id is null is no model:
/// its task is a name that no evidence may contain. Null when there is nothing
/// to learn from, and in a build without the feature `classify`.
pub(crate) fn aggregate() -> AggregateUDF {
    let texts = DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)));
    let numbers = DataType::List(Arc::new(Field::new_list_field(DataType::Float64, true)));
    create_udaf(
        NAME,
        vec![
            DataType::Utf8,
            DataType::Utf8,
            texts,
            numbers,
            DataType::Int64,
        ],
        Arc::new(DataType::List(item())),
        Volatility::Immutable,
        Arc::new(|_| accumulator()),
        Arc::new(vec![DataType::LargeBinary]),
    )
}

fn fields() -> Fields {
    [
        ("classifier", DataType::Utf8),
        ("accuracy", DataType::Float64),
        ("macro_precision", DataType::Float64),
        ("macro_recall", DataType::Float64),
        ("macro_f1", DataType::Float64),
        ("train_models", DataType::Int64),
        ("test_models", DataType::Int64),
        ("tasks", DataType::Int64),
        ("tasks_left_out", DataType::Int64),
        ("models_left_out", DataType::Int64),
        ("id", DataType::Utf8),
        ("task", DataType::Utf8),
        ("confidence", DataType::Float64),
    ]
    .map(|(name, kind)| Field::new(name, kind, true))
    .into_iter()
    .collect()
}

fn item() -> Arc<Field> {
    Arc::new(Field::new_list_field(DataType::Struct(fields()), true))
}

#[cfg(feature = "classify")]
fn accumulator() -> Result<Box<dyn Accumulator>> {
    Ok(Box::new(learn::TaskStudy::default()))
}

#[cfg(not(feature = "classify"))]
fn accumulator() -> Result<Box<dyn Accumulator>> {
    Ok(Box::new(without::NoStudy))
}

#[cfg(not(feature = "classify"))]
mod without {
    use arrow::array::ArrayRef;
    use arrow::datatypes::DataType;
    use datafusion::common::{Result, ScalarValue};
    use datafusion::logical_expr::Accumulator;

    /// What stands in for the classifiers where they were not compiled.
    #[derive(Debug)]
    pub(super) struct NoStudy;

    impl Accumulator for NoStudy {
        fn update_batch(&mut self, _: &[ArrayRef]) -> Result<()> {
            Ok(())
        }

        fn merge_batch(&mut self, _: &[ArrayRef]) -> Result<()> {
            Ok(())
        }

        fn state(&mut self) -> Result<Vec<ScalarValue>> {
            Ok(vec![ScalarValue::LargeBinary(None)])
        }

        fn evaluate(&mut self) -> Result<ScalarValue> {
            ScalarValue::try_from(DataType::List(super::item()))
        }

        fn size(&self) -> usize {
            size_of_val(self)
        }
    }
}
