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

mod audit;
mod error;
mod inspect;
mod job_test;
mod load;
mod outcome;
mod plan;
mod query;
mod reference;
mod resolve;
mod run;

pub use audit::violation::Violation;
pub use error::{EngineError, SelectorError};
pub use hubcensus_exec::Operators;
pub use inspect::{PartitionInfo, Shown, TableInfo, query, show, tables};
pub use job_test::{TestOutcome, test};
pub use load::{Loaded, PIPELINES, check_references, load};
pub use outcome::{Failure, MadePartition, Outcome, StepOutcome};
pub use plan::cause::Cause;
pub use plan::request::{Request, SourceRequest};
pub use plan::{Forecast, Plan, Step, plan};
pub use query::session::Functions;
pub use resolve::resolved::Resolved;
pub use run::event::{Event, Observer};
pub use run::run;
