//! The SQL functions that the pipelines have beside DataFusion's: names on one
//! side, on the other the plain functions of [`hubcensus_hub::facts`] and of
//! the classifiers.

mod aggregates;
mod classifier;
mod scalars;

use datafusion::logical_expr::{AggregateUDF, ScalarUDF};

/// Raised when what a function returns changes.
const VERSION: &str = "1";

/// Every function, ready to be registered.
#[must_use]
pub fn scalars() -> Vec<ScalarUDF> {
    scalars::all()
}

/// Every aggregate, ready to be registered.
#[must_use]
pub fn aggregates() -> Vec<AggregateUDF> {
    aggregates::all()
}

/// What the functions return, as a part of the fingerprint of every table that
/// is made with them.
#[must_use]
pub fn version() -> String {
    VERSION.to_owned()
}
