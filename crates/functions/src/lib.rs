//! The SQL functions that the pipelines have beside DataFusion's: names on one
//! side, on the other the plain functions of [`hubcensus_hub::facts`] and of
//! the classifiers.

mod aggregates;
mod classifier;
mod scalars;

use std::collections::BTreeMap;

use datafusion::logical_expr::{AggregateUDF, ScalarUDF};

/// A function, and the version of what it returns: whoever changes a result
/// raises it, and the tables whose queries call the function are made again.
struct Versioned<F> {
    function: F,
    version: &'static str,
}

/// Every function of single rows, ready to be registered.
#[must_use]
pub fn scalars() -> Vec<ScalarUDF> {
    let all = scalars::all().into_iter();
    all.map(|versioned| versioned.function).collect()
}

/// Every function of groups of rows, ready to be registered.
#[must_use]
pub fn aggregates() -> Vec<AggregateUDF> {
    let all = aggregates::all().into_iter();
    all.map(|versioned| versioned.function).collect()
}

/// The version of what each function returns, by its name, as a part of the
/// fingerprint of the tables that are made with it. A function that depends on
/// a feature of this crate has another version without it.
#[must_use]
pub fn versions() -> BTreeMap<String, String> {
    let scalars = scalars::all().into_iter();
    let scalars = scalars.map(|scalar| (scalar.function.name().to_owned(), scalar.version));
    let aggregates = aggregates::all().into_iter();
    let aggregates = aggregates.map(|each| (each.function.name().to_owned(), each.version));
    scalars
        .chain(aggregates)
        .map(|(name, version)| (name, version.to_owned()))
        .collect()
}
