//! What became of steps, in lines: step by step, or folded by date and reason.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use hubcensus_engine::{Failure, MadePartition, Outcome, StepOutcome, Violation};
use hubcensus_spec::{SnapshotDate, TableName};

use crate::escape;
use crate::present::number::{bytes, count, counted};
use crate::present::{brief, dates};

/// How many rows of a broken rule are shown.
const SHOWN: usize = 3;

/// Characters of a row, and of a folded message.
const ROW: usize = 160;
const MESSAGE: usize = 600;

const INDENT: &str = "            ";

/// All that is to be said of a step.
pub(crate) fn step(step: &StepOutcome, took: Duration) -> Vec<String> {
    let head = format!("{}  {:<38}", step.id.date, step.id.table.to_string());
    match &step.result {
        Outcome::UpToDate | Outcome::Stopped => Vec::new(),
        Outcome::Made(made) => made_lines(&head, made, took),
        Outcome::Skipped(reason) => vec![format!("{head}  skipped: {reason}")],
        Outcome::Blocked(input) => vec![format!("{head}  not made: {input} failed")],
        Outcome::Failed(failure) => {
            let message = escape::lines(&failure.message).into_owned();
            failure_lines(&head, message, failure)
        }
    }
}

fn made_lines(head: &str, made: &MadePartition, took: Duration) -> Vec<String> {
    let mut lines = vec![format!(
        "{head} {:>11} row{} {:>9} {:>7.2} s",
        count(made.rows),
        if made.rows == 1 { " " } else { "s" },
        bytes(made.bytes),
        took.as_secs_f64()
    )];
    lines.extend(set_aside(&made.rejected));
    if let Some(place) = &made.rejected_at {
        lines.push(format!("{INDENT}they are kept in {place}"));
    }
    lines.extend(made.warnings.iter().map(odd));
    lines
}

fn set_aside(rejected: &BTreeMap<String, u64>) -> Vec<String> {
    rejected
        .iter()
        .map(|(reason, rows)| format!("{INDENT}set aside: {}, {reason}", counted(*rows, "row")))
        .collect()
}

fn odd(warning: &Violation) -> String {
    format!(
        "{INDENT}odd: {}, {}{}",
        counted(warning.rows, "row"),
        warning.check,
        match (&warning.note, warning.sample.first()) {
            (Some(note), _) => format!(", {}", brief(note, ROW)),
            (None, Some(row)) => format!(", such as {}", brief(row, ROW)),
            (None, None) => String::new(),
        }
    )
}

fn failure_lines(head: &str, message: String, failure: &Failure) -> Vec<String> {
    let mut lines = vec![format!("{head}  FAILED: {message}")];
    lines.extend(set_aside(&failure.rejected));
    for violation in &failure.violations {
        lines.push(format!(
            "{INDENT}broken: {}, {}",
            violation.check,
            counted(violation.rows, "row")
        ));
        let shown = violation.sample.iter().take(SHOWN);
        lines.extend(shown.map(|row| format!("{INDENT}  {}", brief(row, ROW))));
    }
    if let Some(place) = &failure.kept_at {
        lines.push(format!(
            "{INDENT}kept in {place}; what was there before stays"
        ));
    }
    lines
}

/// What became of a date, folded: nothing if nothing was made and nothing
/// failed. What failed stands last.
pub(crate) fn date(
    date: SnapshotDate,
    outcomes: &[StepOutcome],
    took: Duration,
    lake: &str,
) -> Vec<String> {
    let tally = Tally::of(outcomes);
    if tally.made == 0 && tally.is_well() {
        return Vec::new();
    }
    let mut head = format!("{date}  {} made", counted(tally.made as u64, "table"));
    if tally.made > 0 {
        head.push_str(&format!(
            ", {}, {}, {:.1} s",
            counted(tally.rows, "row"),
            bytes(tally.bytes),
            took.as_secs_f64()
        ));
    }
    let mut lines = vec![head];
    let made = outcomes.iter().filter_map(|step| match &step.result {
        Outcome::Made(made) => Some((&step.id.table, made)),
        _ => None,
    });
    let mut odd: BTreeMap<&str, u64> = BTreeMap::new();
    for (table, made) in made {
        if !made.rejected.is_empty() {
            let rows: u64 = made.rejected.values().sum();
            let reasons = made.rejected.iter();
            let reasons = reasons.map(|(reason, rows)| format!("{reason} {}", count(*rows)));
            let reasons = reasons.collect::<Vec<_>>().join(", ");
            lines.push(format!(
                "{INDENT}set aside: {} of {table}: {reasons}; `hubcensus show {table} --rejected \
                 --date {date}{lake}`",
                counted(rows, "row"),
            ));
        }
        for warning in &made.warnings {
            *odd.entry(warning.check.as_str()).or_default() += warning.rows;
        }
    }
    if !odd.is_empty() {
        let checks = odd.iter();
        let checks = checks.map(|(check, rows)| format!("{check} {}", count(*rows)));
        lines.push(format!(
            "{INDENT}odd, and kept: {}; -v shows some",
            checks.collect::<Vec<_>>().join(", ")
        ));
    }
    if tally.blocked > 0 {
        lines.push(format!(
            "{INDENT}{} not made for want of what failed",
            counted(tally.blocked as u64, "table")
        ));
    }
    for step in outcomes {
        if let Outcome::Failed(failure) = &step.result {
            let head = format!("{date}  {}", step.id.table);
            let message = brief(&failure.message, MESSAGE);
            lines.extend(failure_lines(&head, message, failure));
        }
    }
    lines
}

/// Why tables were skipped: each reason with the number of tables, the most
/// frequent first.
pub(crate) fn skips(outcomes: &[StepOutcome]) -> Vec<String> {
    let mut by_reason: BTreeMap<String, BTreeSet<&TableName>> = BTreeMap::new();
    for step in outcomes {
        if let Outcome::Skipped(reason) = &step.result {
            let tables = by_reason.entry(root(reason)).or_default();
            tables.insert(&step.id.table);
        }
    }
    let mut reasons: Vec<(usize, String)> = folded(by_reason)
        .into_iter()
        .map(|(reason, tables)| (tables.len(), reason))
        .collect();
    reasons.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    reasons
        .into_iter()
        .map(|(tables, reason)| format!("{}: {reason}", counted(tables as u64, "table")))
        .collect()
}

/// The tables that were skipped, by reason.
type Skips<'a> = BTreeMap<String, BTreeSet<&'a TableName>>;

/// What a source lacks of the same dates, and the tables that were skipped for that.
#[derive(Default)]
struct Lack<'a> {
    whats: Vec<String>,
    tables: BTreeSet<&'a TableName>,
}

/// The same with what a source lacks in one reason: of all that it lacks of the same dates.
fn folded(by_reason: Skips<'_>) -> Skips<'_> {
    let mut of_dates: BTreeMap<(String, String), BTreeSet<SnapshotDate>> = BTreeMap::new();
    for reason in by_reason.keys() {
        if let Some((head, what, date)) = lack(reason) {
            let lacking = of_dates.entry((head.to_owned(), what.to_owned()));
            lacking.or_default().extend(date);
        }
    }
    let mut folded = Skips::new();
    let mut lacks: BTreeMap<(String, BTreeSet<SnapshotDate>), Lack<'_>> = BTreeMap::new();
    for (reason, tables) in by_reason {
        let Some((head, what, _)) = lack(&reason) else {
            folded.insert(reason, tables);
            continue;
        };
        let (head, what) = (head.to_owned(), what.to_owned());
        let of = of_dates.get(&(head.clone(), what.clone()));
        let lack = lacks.entry((head, of.cloned().unwrap_or_default()));
        let lack = lack.or_default();
        if lack.whats.last() != Some(&what) {
            lack.whats.push(what);
        }
        lack.tables.extend(tables);
    }
    for ((head, of), lack) in lacks {
        let what = match lack.whats.as_slice() {
            [rest @ .., last] if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
            one => one.concat(),
        };
        let of = match Vec::from_iter(of).as_slice() {
            [] => String::new(),
            of => format!(" of {}", dates(of)),
        };
        folded.insert(format!("{head}{what}{of}"), lack.tables);
    }
    folded
}

/// What a reason says that a source lacks: how it begins, what is lacking, and of which date.
fn lack(reason: &str) -> Option<(&str, &str, Option<SnapshotDate>)> {
    const NO: &str = " has no ";
    const NONE: &str = "no source has given the snapshot any ";
    let begins = match reason.starts_with("the source ") {
        true => reason.find(NO)? + NO.len(),
        false => reason.starts_with(NONE).then_some(NONE.len())?,
    };
    let (head, rest) = reason.split_at_checked(begins)?;
    match rest.split_once(" of ") {
        Some((what, date)) => Some((head, what, Some(date.parse().ok()?))),
        None => Some((head, rest, None)),
    }
}

/// The reason of its own for which a table was skipped, or the one below it.
fn root(reason: &str) -> String {
    let reason = match reason.rsplit_once(" was skipped: ") {
        Some((_, below)) => below,
        None => reason,
    };
    // The places of the columns, which are the same for all tables.
    match reason.split_once(" (") {
        Some((reason, places)) if places.ends_with("null throughout)") => reason.to_owned(),
        _ => reason.to_owned(),
    }
}

/// What failed, once more, each in a line; the same message of several dates
/// once.
pub(crate) fn failures(outcomes: &[StepOutcome]) -> Vec<String> {
    let mut by_message: Vec<(String, Vec<SnapshotDate>)> = Vec::new();
    for step in outcomes {
        let Outcome::Failed(failure) = &step.result else {
            continue;
        };
        let mut message = brief(&failure.message, MESSAGE);
        if let Some(violation) = failure.violations.first() {
            message = format!("{message}: {}", violation.check);
        }
        let line = format!("{}: {message}", step.id.table);
        match by_message.iter_mut().find(|(other, _)| *other == line) {
            Some((_, dates)) => dates.push(step.id.date),
            None => by_message.push((line, vec![step.id.date])),
        }
    }
    by_message
        .into_iter()
        .map(|(line, of)| format!("{}  {line}", dates(&of)))
        .collect()
}

/// What a run comes to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) made: usize,
    pub(crate) up_to_date: usize,
    pub(crate) skipped: usize,
    pub(crate) failed: usize,
    pub(crate) blocked: usize,
    pub(crate) stopped: usize,
    pub(crate) read: u64,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    pub(crate) checks: usize,
    pub(crate) warnings: u64,
    pub(crate) rejected: u64,
}

impl Tally {
    pub(crate) fn of(outcomes: &[StepOutcome]) -> Self {
        let mut tally = Self::default();
        for step in outcomes {
            match &step.result {
                Outcome::Made(made) => {
                    tally.made += 1;
                    tally.read += made.read;
                    tally.rows += made.rows;
                    tally.bytes += made.bytes;
                    tally.checks += made.checks;
                    tally.warnings += made.warnings.iter().map(|w| w.rows).sum::<u64>();
                    tally.rejected += made.rejected.values().sum::<u64>();
                }
                Outcome::UpToDate => tally.up_to_date += 1,
                Outcome::Skipped(_) => tally.skipped += 1,
                Outcome::Failed(_) => tally.failed += 1,
                Outcome::Blocked(_) => tally.blocked += 1,
                Outcome::Stopped => tally.stopped += 1,
            }
        }
        tally
    }

    pub(crate) fn is_well(&self) -> bool {
        self.failed == 0 && self.blocked == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skipped(table: &str, date: &str, reason: &str) -> StepOutcome {
        let table = TableName::new("aggregate", table).unwrap();
        StepOutcome {
            id: hubcensus_spec::PartitionId::new(table, date.parse().unwrap()),
            result: Outcome::Skipped(reason.to_owned()),
        }
    }

    #[test]
    fn what_a_source_lacks_is_one_reason() {
        let outcomes = [
            skipped("a", "2025-01-01", "the source s has no papers"),
            skipped("b", "2025-01-01", "the source s has no spaces"),
            skipped(
                "c",
                "2025-01-01",
                "ingest.datasets was skipped: the source s has no datasets",
            ),
            skipped("c", "2025-01-02", "the source s has no datasets"),
            skipped(
                "d",
                "2025-01-02",
                "the snapshot has no likes (ingest.models.likes is null throughout)",
            ),
            skipped(
                "e",
                "2025-01-01",
                "the source t has no papers of 2025-01-01",
            ),
            skipped(
                "e",
                "2025-01-03",
                "the source t has no papers of 2025-01-03",
            ),
            skipped(
                "f",
                "2025-01-03",
                "the source t has no spaces of 2025-01-03",
            ),
            skipped(
                "g",
                "2025-01-03",
                "no source has given the snapshot any papers",
            ),
        ];
        let expected = [
            "3 tables: the source s has no datasets, papers and spaces",
            "1 table: no source has given the snapshot any papers",
            "1 table: the snapshot has no likes",
            "1 table: the source t has no papers of 2 snapshots, 2025-01-01 to 2025-01-03",
            "1 table: the source t has no spaces of 2025-01-03",
        ];
        assert_eq!(skips(&outcomes), expected);
    }
}
