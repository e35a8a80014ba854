//! How DataFusion carries out a plan better: physical operators, and the
//! optimizer rules that put them in the place of DataFusion's own.
//!
//! Each rule replaces one operator by one that gives the same rows with less
//! work, where the input's order, its row counts or its keys allow it. Nothing
//! here knows of jobs, lakes or what the tables are about.

mod ahead;
mod empty_text;
mod join_order;
mod lookup_join;
mod merge_join;
mod order;
mod plain;
mod rank_sort;
mod replace;
mod rules;
mod run_aggregate;
mod run_window;
mod runs;
mod several;
mod sides;
#[cfg(test)]
mod testing;

pub use ahead::prefetch;
pub use order::{KeyFingerprints, OrderWatch, repeats};
pub use plain::plain;
pub use rules::{Operators, logical_rules, physical_rules};
