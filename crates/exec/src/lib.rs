//! Faster execution of DataFusion's plans: physical operators, and the
//! optimizer rules that insert them.
//!
//! A rule rewrites a part of a plan into one that gives the same rows with less
//! work, where the input's order, its row counts or its keys allow it. Nothing
//! here knows of jobs, lakes or what the tables are about.

mod build_side;
mod join_order;
mod merge_join;
mod order;
mod plain;
mod prefetch;
mod rank_sort;
mod replace;
mod rules;
mod runs;
mod sorted_aggregate;
mod stands_for;
mod streaming_window;
#[cfg(test)]
mod testing;

pub use order::{KeyFingerprints, OrderWatch, repeats};
pub use plain::plain;
pub use prefetch::prefetch;
pub use rules::{Operators, RULES, physical_rules};
