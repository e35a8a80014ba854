//! Groups among the rows of a run.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::ops::Range;

use arrow::array::{ArrayRef, make_comparator};
use arrow::compute::SortOptions;
use datafusion::common::Result;
use datafusion::common::hash_utils::{RandomState, create_hashes};

/// Up to so many groups of a run, a row is compared with each; of more, it is
/// looked up by a hash.
const MAX_COMPARED: usize = 16;

/// The groups of a batch of whole runs.
pub(super) struct RunGroups {
    /// The group of each row, numbered in the order in which they begin.
    pub(super) groups: Vec<usize>,
    /// The first row of each group.
    pub(super) first: Vec<usize>,
}

/// Groups the rows of each run by `values`.
pub(super) fn group(runs: &[Range<usize>], values: &[ArrayRef]) -> Result<RunGroups> {
    let compare = values.iter().map(|values| {
        let compare = make_comparator(values, values, SortOptions::default())?;
        Ok(move |one, other| compare(one, other) == Ordering::Equal)
    });
    let equal: Vec<_> = compare.collect::<Result<_>>()?;
    let same = |one: usize, other: usize| equal.iter().all(|equal| equal(one, other));
    let rows = runs.last().map_or(0, |last| last.end);
    let mut found = RunGroups {
        groups: Vec::with_capacity(rows),
        first: Vec::new(),
    };
    let mut hashes = Vec::new();
    let mut by_hash: HashMap<u64, Vec<usize>, RandomState> = HashMap::default();
    for run in runs {
        let begun = found.first.len();
        by_hash.clear();
        for row in run.clone() {
            let of_run = found.first.get(begun..).unwrap_or_default();
            let group = if of_run.len() <= MAX_COMPARED {
                let group = of_run.iter().rposition(|first| same(*first, row));
                group.map(|group| begun + group)
            } else {
                if hashes.is_empty() {
                    hashes = vec![0; rows];
                    create_hashes(values, &RandomState::default(), &mut hashes)?;
                }
                if by_hash.is_empty() {
                    for (group, first) in (begun..).zip(of_run) {
                        by_hash.entry(hashes[*first]).or_default().push(group);
                    }
                }
                let alike = by_hash.entry(hashes[row]).or_default();
                let group = alike.iter().find(|group| same(found.first[**group], row));
                let group = group.copied();
                if group.is_none() {
                    alike.push(found.first.len());
                }
                group
            };
            found.groups.push(group.unwrap_or(found.first.len()));
            if group.is_none() {
                found.first.push(row);
            }
        }
    }
    Ok(found)
}
