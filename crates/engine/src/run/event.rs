//! What a run tells while it goes on.

use hubcensus_spec::PartitionId;

use crate::outcome::StepOutcome;

/// Told what happens while it happens.
pub trait Observer: Send + Sync {
    /// Something happened. Called from the threads that make the steps, several
    /// at a time: it must not block for long.
    fn on(&self, event: Event<'_>);

    /// Whether the run is to end: asked before each step. Steps that are being
    /// made are finished and committed, those that follow are
    /// [`Stopped`](crate::Outcome::Stopped).
    fn stops(&self) -> bool {
        false
    }
}

/// What an [`Observer`] is told.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// A step begins to be made.
    Started(&'a PartitionId),
    /// How many rows a step has written so far.
    Rows(&'a PartitionId, u64),
    /// A step was worked on and is over.
    Ended(&'a PartitionId),
    /// What became of a step; told in the plan's order, once all before it are
    /// over.
    Finished(&'a StepOutcome),
}

/// Tells an observer of the rows of one step.
#[derive(Clone, Copy)]
pub(crate) struct RowProgress<'a> {
    pub(crate) observer: &'a dyn Observer,
    pub(crate) id: &'a PartitionId,
}

impl RowProgress<'_> {
    pub(crate) fn written(self, rows: u64) {
        self.observer.on(Event::Rows(self.id, rows));
    }
}
