//! Which step may begin when: one whose inputs are done, of the earliest date
//! the one with the longest way behind it first, as many at once as there are
//! workers.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use hubcensus_spec::{SnapshotDate, TableName};

use crate::outcome::StepOutcome;
use crate::plan::Step;
use crate::resolve::Resolved;
use crate::run::{Event, Observer};

/// The steps of a plan, and how far they are.
pub(crate) struct Schedule<'a> {
    board: Mutex<Board>,
    moved: Condvar,
    observer: &'a dyn Observer,
}

struct Board {
    /// How many steps each still waits for.
    waits: Vec<usize>,
    /// The steps that wait for each.
    followers: Vec<Vec<usize>>,
    turns: Vec<Turn>,
    ready: BTreeSet<Turn>,
    outcomes: Vec<Option<StepOutcome>>,
    begun: usize,
    /// Steps are told of in the plan's order: how many were.
    told: usize,
    /// A worker is gone for good.
    broken: bool,
}

/// When a step's turn is among those that may begin: by its date, by how many
/// steps wait for one another behind it, by its place in the plan.
type Turn = (SnapshotDate, Reverse<usize>, usize);

/// How many steps wait for one another behind each, given the steps that wait
/// for each, all later ones.
fn behind(followers: &[Vec<usize>]) -> Vec<usize> {
    let mut behind = vec![0; followers.len()];
    for (step, followers) in followers.iter().enumerate().rev() {
        let longest = followers.iter().map(|next| behind[*next] + 1).max();
        behind[step] = longest.unwrap_or(0);
    }
    behind
}

impl<'a> Schedule<'a> {
    /// Of steps in an order in which each comes after what it is made from.
    pub(crate) fn new(resolved: &Resolved, steps: &[Step], observer: &'a dyn Observer) -> Self {
        let mut waits = vec![0; steps.len()];
        let mut followers = vec![Vec::new(); steps.len()];
        let mut places: BTreeMap<&TableName, BTreeMap<SnapshotDate, usize>> = BTreeMap::new();
        for (index, step) in steps.iter().enumerate() {
            let Some(made) = resolved.made.get(&step.table) else {
                continue;
            };
            for input in &made.inputs {
                let first = match made.history.get(input) {
                    Some(_) => Bound::Unbounded,
                    None => Bound::Included(step.date),
                };
                let dated = places.get(input).into_iter();
                let read = dated.flat_map(|dated| dated.range((first, Bound::Included(step.date))));
                for (_, before) in read {
                    waits[index] += 1;
                    followers[*before].push(index);
                }
            }
            places
                .entry(&step.table)
                .or_default()
                .insert(step.date, index);
        }
        let turns: Vec<Turn> = (0..)
            .zip(steps.iter().zip(behind(&followers)))
            .map(|(index, (step, behind))| (step.date, Reverse(behind), index))
            .collect();
        let ready = turns
            .iter()
            .filter(|(_, _, step)| waits[*step] == 0)
            .copied()
            .collect();
        Self {
            board: Mutex::new(Board {
                waits,
                followers,
                turns,
                ready,
                outcomes: steps.iter().map(|_| None).collect(),
                begun: 0,
                told: 0,
                broken: false,
            }),
            moved: Condvar::new(),
            observer,
        }
    }

    /// Works on steps until none is left; several workers do so side by side.
    pub(crate) fn work(&self, mut step: impl FnMut(usize) -> StepOutcome) {
        let _watch = Watch(self);
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

    /// The next step to make, waited for; `None` when all are begun.
    fn next(&self) -> Option<usize> {
        let mut board = self.board();
        loop {
            if board.broken || board.begun == board.outcomes.len() {
                return None;
            }
            if let Some((_, _, step)) = board.ready.pop_first() {
                board.begun += 1;
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
        for follower in std::mem::take(&mut board.followers[index]) {
            board.waits[follower] -= 1;
            if board.waits[follower] == 0 {
                board.ready.insert(board.turns[follower]);
            }
        }
        board.outcomes[index] = Some(outcome);
        while let Some(Some(outcome)) = board.outcomes.get(board.told) {
            self.observer.on(Event::Finished(outcome));
            board.told += 1;
        }
        drop(guard);
        self.moved.notify_all();
    }
}

/// Lets nobody wait for a worker that panicked.
struct Watch<'s, 'a>(&'s Schedule<'a>);

impl Drop for Watch<'_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.board().broken = true;
            self.0.moved.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_way_is_counted() {
        // 0 leads over 1 and 3 to 4, and to 4 itself; nothing waits for 2.
        let followers = [vec![1, 4], vec![3], vec![], vec![4], vec![]];
        assert_eq!(behind(&followers), [3, 2, 0, 1, 0]);
    }
}
