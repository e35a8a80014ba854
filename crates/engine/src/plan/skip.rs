//! Whether a snapshot has nothing to make a job's table from, and why.

use hubcensus_lake::Manifest;
use hubcensus_spec::{PartitionId, SnapshotDate, TableName};

use crate::plan::lake_state::LakeState;
use crate::resolve::resolved::{Origin, Recipe, Resolved, ResolvedJob};

/// Why a job is skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SkipReason {
    /// In words.
    pub(crate) text: String,
    /// The text column whose first value says it better, if one is named.
    pub(crate) because: Option<(TableName, String)>,
}

/// Why a snapshot has nothing to make a job's table from, if so: a table that
/// the query reads was skipped, there is no snapshot for a window of days, or
/// columns that the job needs are null.
pub(crate) fn reason(
    state: &LakeState,
    resolved: &Resolved,
    job: &ResolvedJob,
    recipe: &Recipe,
    date: SnapshotDate,
) -> Option<SkipReason> {
    if let Some((table, reason)) = first_skipped(state, resolved, job, recipe, date) {
        return Some(SkipReason {
            text: format!("{table} was skipped: {reason}"),
            because: None,
        });
    }
    let no_window = recipe
        .history
        .iter()
        .find_map(|(table, history)| state.no_window(table, date, history));
    if let Some(text) = no_window {
        return Some(SkipReason {
            text,
            because: None,
        });
    }
    let absent = job.job.needs.iter().find(|need| {
        let mut columns = need.either.iter().map(|column| &column.value);
        columns.all(|(table, column)| is_null(state, table, column, date))
    })?;
    let either = &absent.either;
    let mut columns: Vec<&str> = either.iter().map(|need| need.value.1.as_str()).collect();
    columns.dedup();
    let places: Vec<String> = either
        .iter()
        .map(|need| format!("{}.{}", need.value.0, need.value.1))
        .collect();
    let text = match columns.as_slice() {
        [column] => format!(
            "the snapshot has no {column} ({} {} null throughout)",
            places.join(" and "),
            if places.len() == 1 { "is" } else { "are" }
        ),
        columns => format!(
            "the snapshot has neither {} ({} are null throughout)",
            columns.join(" nor "),
            places.join(" and ")
        ),
    };
    let because = absent.because.as_ref().map(|column| column.value.clone());
    Some(SkipReason { text, because })
}

/// Why a partition was skipped, if it was.
pub(crate) fn skipped(state: &LakeState, id: &PartitionId) -> Option<String> {
    let reason = state.manifest(id).and_then(Manifest::skipped);
    reason.map(str::to_owned)
}

/// Of the tables that were skipped below a query one after the other, the one
/// that was for a reason of its own.
fn first_skipped(
    state: &LakeState,
    resolved: &Resolved,
    job: &ResolvedJob,
    recipe: &Recipe,
    date: SnapshotDate,
) -> Option<(TableName, String)> {
    let read = job.query.tables().map(|(name, _)| name);
    let is_optional = |input: &TableName| job.job.optional.iter().any(|name| name.value == *input);
    // Of the tables of windows, the snapshot's own is read too.
    let is_needed = |input: &TableName| {
        let history = recipe.history.get(input);
        history.is_none_or(|history| !history.windows().is_empty()) && !is_optional(input)
    };
    let mut read = read.filter(|input| is_needed(input));
    read.find_map(|input| {
        let reason = skipped(state, &PartitionId::new(input.clone(), date))?;
        let below = resolved.recipes.get(input).and_then(|recipe| {
            let Origin::Job(job) = &recipe.origin else {
                return None;
            };
            first_skipped(state, resolved, job, recipe, date)
        });
        below.or_else(|| Some((input.clone(), reason)))
    })
}

/// Whether a column says nothing: the snapshot lacks its table, or the column is
/// null throughout.
fn is_null(state: &LakeState, table: &TableName, column: &str, date: SnapshotDate) -> bool {
    let id = PartitionId::new(table.clone(), date);
    let Some(manifest) = state.manifest(&id) else {
        return false;
    };
    manifest.file().is_none_or(|file| {
        let mut columns = file.columns.iter();
        columns.any(|facts| facts.name == column && facts.nulls == file.rows)
    })
}
