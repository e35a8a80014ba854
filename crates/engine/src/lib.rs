//! From a project to partitions: load, resolve, plan, run, audit, inspect, test.
//!
//! The phases of a run, each of which takes the output of those before:
//!
//! ```text
//! load ──▶ resolve ──▶ plan ──▶ run: materialize ──▶ audit ──▶ commit
//! files    every query   what, of   a query's rows     checks     a partition
//! read     planned       which      staged             passed     and its
//!          against the   dates,                                   manifest
//!          contracts     and why
//! ```
//!
//! The engine knows SQL, contracts and snapshots, and nothing of what the
//! tables are about: the SQL functions beside DataFusion's are passed in as
//! [`Functions`]. Operators and optimizer rules are in the crate
//! `hubcensus-exec`.
//!
//! ```no_run
//! use std::path::Path;
//!
//! use hubcensus_engine::{
//!     Event, Functions, Observer, Operators, Outcome, Request, SourceRequest,
//! };
//! use hubcensus_lake::Lake;
//!
//! struct Quiet;
//!
//! impl Observer for Quiet {
//!     fn on(&self, _: Event<'_>) {}
//! }
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let loaded = hubcensus_engine::load(
//!     Path::new("."),
//!     2,
//!     &Functions::default(),
//!     &Operators::default(),
//! )
//! .await?;
//! let resolved = loaded
//!     .result
//!     .map_err(|mistakes| hubcensus_spec::render(&mistakes, &loaded.files, false))?;
//! let lake = Lake::open("lake").await?;
//! let request = Request {
//!     source: Some(SourceRequest { name: "radar".to_owned(), location: None }),
//!     ..Request::default()
//! };
//! let plan = hubcensus_engine::plan(&resolved, &lake, &request).await?;
//! for step in hubcensus_engine::run(&resolved, &lake, &plan, "1.0.0", &Quiet).await? {
//!     if let Outcome::Failed(failure) = step.result {
//!         println!("{}: {}", step.id, failure.message);
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod audit;
mod error;
mod inspect;
mod job_test;
mod load;
mod origin;
mod outcome;
mod plan;
mod query;
mod reference;
mod resolve;
mod run;
mod text;

pub use audit::violation::Violation;
pub use error::{EngineError, SelectorError};
pub use hubcensus_exec::{Operators, RULES};
pub use inspect::condition::{Comparison, Condition, ConditionError};
pub use inspect::provenance::{Provenance, ReadTable, Snapshots};
pub use inspect::query::{Queried, query};
pub use inspect::show::{ShowRequest, Shown, show};
pub use inspect::tables::{PartitionInfo, TableInfo, tables};
pub use inspect::{find_table, select_tables};
pub use job_test::{TestOutcome, test};
pub use load::{Loaded, PIPELINES, check_references, load};
pub use outcome::{Failure, MadePartition, Outcome, StepOutcome};
pub use plan::cause::Cause;
pub use plan::damage::{Damage, Unreadable};
pub use plan::request::{Request, SourceRequest};
pub use plan::{Forecast, Plan, Step, plan};
pub use query::session::Functions;
pub use resolve::resolved::Resolved;
pub use run::event::{Event, Observer};
pub use run::run;
