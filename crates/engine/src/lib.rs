//! How a stage becomes a table: catalog, resolve, plan, run, checks, tests.
//!
//! A run is five phases, each of which takes what the one before returns:
//!
//! ```text
//! load ──▶ resolve ──▶ plan ──▶ run ──▶ (audit, commit)
//! files    every query   what, of   each step made,
//! read     planned       which      checked, put in
//!          against the   dates,     its place
//!          contracts     and why
//! ```
//!
//! The engine knows SQL, contracts and snapshots, and nothing of what the
//! tables are about. It is the only crate that names DataFusion.

mod aggregates;
mod ahead;
mod audit;
mod classifier;
mod diagnose;
mod empty_text;
mod error;
mod example;
mod fingerprint;
mod functions;
mod generated;
mod graph;
mod ingest;
mod input;
mod inspect;
mod lacking;
mod load;
mod looks;
mod lookup_join;
mod make;
mod merge_join;
mod order;
mod outcome;
mod plan;
mod provider;
mod rank_sort;
mod reference;
mod rejects;
mod resolve;
mod rules;
mod run;
mod run_aggregate;
mod run_window;
mod runs;
mod schedule;
mod schema;
mod seen;
mod session;
mod several;
mod sides;
mod source_schema;
mod sql;
mod state;

pub use error::EngineError;
pub use example::{TestOutcome, test};
pub use graph::SelectorError;
pub use inspect::{PartitionInfo, Shown, TableInfo, query, show, tables};
pub use load::{Loaded, PIPELINES, check_references, load};
pub use outcome::{Failure, Made, Outcome, StepOutcome, Violation};
pub use plan::{Cause, Forecast, Plan, Request, SourceRequest, Step, plan};
pub use resolve::Resolved;
pub use run::{Event, Observer, run};
