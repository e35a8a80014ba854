//! What became of a step.

use std::collections::BTreeMap;

use hubcensus_spec::{PartitionId, TableName};

use crate::audit::violation::Violation;
use crate::plan::Plan;
use crate::plan::cause::Cause;

/// What became of one table of one date.
#[derive(Debug, Clone)]
pub struct StepOutcome {
    /// Which partition it makes.
    pub id: PartitionId,
    /// What became of it.
    pub result: Outcome,
}

/// What became of a step.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// A new partition took its place.
    Made(MadePartition),
    /// Nothing was run and nothing written.
    UpToDate,
    /// The snapshot lacks what the table is made from: there is no such
    /// partition, for this reason.
    Skipped(String),
    /// Not tried, because this input failed.
    Blocked(TableName),
    /// It failed; what was in the lake is as it was.
    Failed(Failure),
    /// Not tried, because the run was told to end.
    Stopped,
}

/// A partition as it was made.
#[derive(Debug, Clone, Default)]
pub struct MadePartition {
    /// Why.
    pub causes: Vec<Cause>,
    /// Rows read from a source's file; 0 for what is made from other tables.
    pub read: u64,
    /// Rows written.
    pub rows: u64,
    /// Bytes written.
    pub bytes: u64,
    /// Checks that were run.
    pub checks: usize,
    /// What is odd but stays in.
    pub warnings: Vec<Violation>,
    /// Rows of the source's file that were set aside, by reason.
    pub rejected: BTreeMap<String, u64>,
    /// Where they are kept.
    pub rejected_at: Option<String>,
    /// The bytes are those that were there already.
    pub same: bool,
    /// That it is made from generated data, and by what.
    pub generated: Option<String>,
}

/// Why a step failed.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What happened, where, and what to do.
    pub message: String,
    /// Rules that were broken.
    pub violations: Vec<Violation>,
    /// Rows of the source's file that were set aside, by reason.
    pub rejected: BTreeMap<String, u64>,
    /// Where the rejected rows or partition are kept.
    pub kept_at: Option<String>,
}

impl Failure {
    pub(crate) fn of(message: String) -> Self {
        Self {
            message,
            violations: Vec::new(),
            rejected: BTreeMap::new(),
            kept_at: None,
        }
    }
}

impl Plan {
    /// What the lake says of the data's being generated, for the plan's dates:
    /// of the partitions that were there, less those that were made anew, and
    /// of what was made. Before a run, `outcomes` are none.
    pub fn generated<'a>(&'a self, outcomes: &'a [StepOutcome]) -> Option<&'a str> {
        let made: BTreeMap<&PartitionId, Option<&str>> = outcomes
            .iter()
            .filter_map(|step| match &step.result {
                Outcome::Made(made) => Some((&step.id, made.generated.as_deref())),
                _ => None,
            })
            .collect();
        let before = self.generated.iter();
        let mut before = before.filter(|(id, _)| !made.contains_key(id));
        let new = made.values().copied().flatten().next();
        new.or_else(|| before.next().map(|(_, note)| note.as_str()))
    }
}
