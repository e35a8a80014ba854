//! Which step starts when: one whose inputs are done; of these one of the
//! earliest date, and of that date the one with the longest critical path, as
//! many at once as there are workers.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use hubcensus_spec::{SnapshotDate, TableName};

use crate::outcome::StepOutcome;
use crate::plan::Step;
use crate::resolve::resolved::Resolved;
use crate::run::event::{Event, Observer};

/// The steps of a plan, and how far they are.
pub(crate) struct Schedule<'a> {
    board: Mutex<Board>,
    moved: Condvar,
    observer: &'a dyn Observer,
}

struct Board {
    /// How many of its inputs' steps each still waits for.
    in_degree: Vec<usize>,
    /// The steps that wait for each.
    dependents: Vec<Vec<usize>>,
    priorities: Vec<Priority>,
    ready: BTreeSet<Priority>,
    outcomes: Vec<Option<StepOutcome>>,
    started: usize,
    /// Outcomes are reported in the plan's order: how many were.
    reported: usize,
    /// A worker is gone for good.
    poisoned: bool,
}

/// The order in which ready steps start: by date, by the length of the critical
/// path behind each, by place in the plan.
type Priority = (SnapshotDate, Reverse<usize>, usize);

/// The number of steps on the longest chain of dependents of each step, given
/// its direct dependents, all of which come later.
fn critical_paths(dependents: &[Vec<usize>]) -> Vec<usize> {
    let mut lengths = vec![0; dependents.len()];
    for (step, dependents) in dependents.iter().enumerate().rev() {
        let longest = dependents.iter().map(|next| lengths[*next] + 1).max();
        lengths[step] = longest.unwrap_or(0);
    }
    lengths
}

impl<'a> Schedule<'a> {
    /// Of steps in an order in which each comes after what it is made from.
    pub(crate) fn new(resolved: &Resolved, steps: &[Step], observer: &'a dyn Observer) -> Self {
        let mut in_degree = vec![0; steps.len()];
        let mut dependents = vec![Vec::new(); steps.len()];
        let mut places: BTreeMap<&TableName, BTreeMap<SnapshotDate, usize>> = BTreeMap::new();
        for (index, step) in steps.iter().enumerate() {
            let Some(recipe) = resolved.recipes.get(&step.id.table) else {
                continue;
            };
            for input in &recipe.inputs {
                let first = match recipe.history.get(input) {
                    Some(_) => Bound::Unbounded,
                    None => Bound::Included(step.id.date),
                };
                let dated = places.get(input).into_iter();
                let read =
                    dated.flat_map(|dated| dated.range((first, Bound::Included(step.id.date))));
                for (_, before) in read {
                    in_degree[index] += 1;
                    dependents[*before].push(index);
                }
            }
            places
                .entry(&step.id.table)
                .or_default()
                .insert(step.id.date, index);
        }
        let priorities: Vec<Priority> = (0..)
            .zip(steps.iter().zip(critical_paths(&dependents)))
            .map(|(index, (step, critical_path))| (step.id.date, Reverse(critical_path), index))
            .collect();
        let ready = priorities
            .iter()
            .filter(|(_, _, step)| in_degree[*step] == 0)
            .copied()
            .collect();
        Self {
            board: Mutex::new(Board {
                in_degree,
                dependents,
                priorities,
                ready,
                outcomes: steps.iter().map(|_| None).collect(),
                started: 0,
                reported: 0,
                poisoned: false,
            }),
            moved: Condvar::new(),
            observer,
        }
    }

    /// Works on steps until none is left; several workers do so side by side.
    pub(crate) fn work(&self, mut step: impl FnMut(usize) -> StepOutcome) {
        let _guard = PoisonOnPanic(self);
        while let Some(index) = self.next() {
            let outcome = step(index);
            self.done(index, outcome);
        }
    }

    /// What became of the steps, in the plan's order.
    pub(crate) fn outcomes(self) -> Vec<StepOutcome> {
        let board = self
            .board
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        board.outcomes.into_iter().flatten().collect()
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next step to make, waited for; `None` when all are started.
    fn next(&self) -> Option<usize> {
        let mut board = self.board();
        loop {
            if board.poisoned || board.started == board.outcomes.len() {
                return None;
            }
            if let Some((_, _, step)) = board.ready.pop_first() {
                board.started += 1;
                return Some(step);
            }
            board = self
                .moved
                .wait(board)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn done(&self, index: usize, outcome: StepOutcome) {
        let mut guard = self.board();
        let board = &mut *guard;
        for dependent in std::mem::take(&mut board.dependents[index]) {
            board.in_degree[dependent] -= 1;
            if board.in_degree[dependent] == 0 {
                board.ready.insert(board.priorities[dependent]);
            }
        }
        board.outcomes[index] = Some(outcome);
        while let Some(Some(outcome)) = board.outcomes.get(board.reported) {
            self.observer.on(Event::Finished(outcome));
            board.reported += 1;
        }
        drop(guard);
        self.moved.notify_all();
    }
}

/// Lets nobody wait for a worker that panicked.
struct PoisonOnPanic<'s, 'a>(&'s Schedule<'a>);

impl Drop for PoisonOnPanic<'_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.board().poisoned = true;
            self.0.moved.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_chain_of_dependents_is_counted() {
        // 0 leads over 1 and 3 to 4, and to 4 itself; nothing waits for 2.
        let dependents = [vec![1, 4], vec![3], vec![], vec![4], vec![]];
        assert_eq!(critical_paths(&dependents), [3, 2, 0, 1, 0]);
    }
}
