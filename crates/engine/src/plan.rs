//! Third phase: which tables of which dates would be made, and why.

use std::collections::{BTreeMap, BTreeSet};

use hubcensus_lake::Lake;
use hubcensus_spec::{SnapshotDate, TableName};

use crate::error::EngineError;
use crate::fingerprint::Prints;
use crate::input::{self, Inputs};
use crate::resolve::{Kind, Resolved};
use crate::state::{Absent, LakeState, Scope};

/// What a person asks for.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Which tables; none means all.
    pub selectors: Vec<String>,
    /// Which snapshots; none means those that the source, or else the lake, has.
    pub dates: Vec<SnapshotDate>,
    /// Where new snapshots come from; without it, the lake's own ingested ones
    /// are worked on.
    pub source: Option<SourceRequest>,
    /// Make again what is up to date.
    pub force: bool,
}

/// A source, and where to read it from if not from its own location.
#[derive(Debug, Clone)]
pub struct SourceRequest {
    /// The source's name in the pipeline files.
    pub name: String,
    /// An address or path, with `{date}` in it.
    pub location: Option<String>,
}

/// What would be done, in the order in which it would be done.
#[derive(Debug)]
pub struct Plan {
    /// One step for each table and date.
    pub steps: Vec<Step>,
    /// The exact set of dates.
    pub dates: Vec<SnapshotDate>,
    pub(crate) inputs: Inputs,
    pub(crate) force: bool,
}

/// One table of one date.
#[derive(Debug, Clone)]
pub struct Step {
    /// The table.
    pub table: TableName,
    /// The snapshot.
    pub date: SnapshotDate,
    /// What would be done, and why.
    pub forecast: Forecast,
}

/// What would be done with a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Forecast {
    /// It is as it would be made: nothing is run, nothing is written.
    UpToDate,
    /// It is made, for these reasons.
    Make(Vec<Cause>),
    /// It is made if one of these tables comes out different from what it is.
    IfChanged(Vec<TableName>),
    /// It cannot be made.
    Cannot(String),
}

/// Why a table is made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The lake has no such partition.
    New,
    /// The partition's file is gone, or is not what its manifest says.
    Damaged,
    /// A part of what it is made from is not what it was: `query`, `contract`,
    /// `parameters`, `checks`, `file`, or the name of a table.
    Changed(String),
    /// It was asked for.
    Forced,
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::New => f.write_str("not there yet"),
            Self::Damaged => f.write_str("its file is missing or damaged"),
            Self::Changed(part) => write!(f, "{part} changed"),
            Self::Forced => f.write_str("forced"),
        }
    }
}

/// Says what a run would do, without doing it.
///
/// # Errors
///
/// A selector that means nothing, a source that is none, or a lake that cannot
/// be read. A snapshot that cannot be found is no error but a step that says so.
pub async fn plan(
    resolved: &Resolved,
    lake: &Lake,
    request: &Request,
) -> Result<Plan, EngineError> {
    let selected = resolved.graph.select(&request.selectors)?;
    let source = match &request.source {
        Some(source) => Some(input::find_source(resolved, source)?),
        None => None,
    };
    let dates: Option<BTreeSet<SnapshotDate>> = match (&source, request.dates.is_empty()) {
        (_, false) => Some(request.dates.iter().copied().collect()),
        (Some(source), true) => Some(input::discover(source).await?),
        (None, true) => None,
    };
    let first = dates.as_ref().and_then(BTreeSet::first);
    let state = &LakeState::read(lake, &Scope::of_run(first, resolved)).await?;
    let dates = dates.unwrap_or_else(|| state.all_dates());
    let inputs = match &source {
        Some(source) if selected.contains(&source.table) => {
            Inputs::look(lake, source, &dates).await?
        }
        _ => Inputs::default(),
    };
    let mut forecaster = Forecaster {
        resolved,
        state,
        inputs: &inputs,
        force: request.force,
        changing: BTreeMap::new(),
        steps: Vec::new(),
    };
    let ingested = source.as_ref().map(|source| &source.table);
    for date in &dates {
        for table in resolved
            .order
            .iter()
            .filter(|table| selected.contains(*table))
        {
            forecaster.step(table, *date, ingested);
        }
    }
    forecaster.later(&selected, &dates);
    let mut steps = forecaster.steps;
    let position: BTreeMap<&TableName, usize> = resolved
        .order
        .iter()
        .enumerate()
        .map(|(at, table)| (table, at))
        .collect();
    steps.sort_by_key(|step| (step.date, position.get(&step.table).copied()));
    Ok(Plan {
        steps,
        dates: dates.into_iter().collect(),
        inputs,
        force: request.force,
    })
}

struct Forecaster<'a> {
    resolved: &'a Resolved,
    state: &'a LakeState,
    inputs: &'a Inputs,
    force: bool,
    /// What the steps so far will make (`true`) or may make (`false`).
    changing: BTreeMap<(TableName, SnapshotDate), bool>,
    steps: Vec<Step>,
}

impl Forecaster<'_> {
    fn step(&mut self, table: &TableName, date: SnapshotDate, ingested: Option<&TableName>) {
        let Some(made) = self.resolved.made.get(table) else {
            return;
        };
        let forecast = match made.kind {
            Kind::Ingest(_) if ingested == Some(table) => self.ingest(table, date),
            Kind::Ingest(_) => return,
            Kind::Job(..) => self.job(table, date),
        };
        match &forecast {
            Forecast::Make(_) => self.changing.insert((table.clone(), date), true),
            Forecast::IfChanged(_) => self.changing.insert((table.clone(), date), false),
            Forecast::UpToDate | Forecast::Cannot(_) => None,
        };
        self.steps.push(Step {
            table: table.clone(),
            date,
            forecast,
        });
    }

    fn ingest(&self, table: &TableName, date: SnapshotDate) -> Forecast {
        match self.inputs.prints(self.resolved, date) {
            Ok(prints) => self.compare(table, date, &prints),
            Err(reason) => Forecast::Cannot(reason),
        }
    }

    fn job(&self, table: &TableName, date: SnapshotDate) -> Forecast {
        let Some(made) = self.resolved.made.get(table) else {
            return Forecast::UpToDate;
        };
        let changing: Vec<TableName> = made
            .inputs
            .iter()
            .filter(|input| match made.history.get(*input) {
                None => self.changing.contains_key(&((*input).clone(), date)),
                Some(_) => self
                    .changing
                    .keys()
                    .any(|(table, other)| table == *input && *other <= date),
            })
            .cloned()
            .collect();
        match self.state.prints(self.resolved, table, made, date) {
            Ok(prints) => match self.compare(table, date, &prints) {
                Forecast::UpToDate if !changing.is_empty() => Forecast::IfChanged(changing),
                forecast => forecast,
            },
            Err(Absent(input)) => {
                let coming = self.changing.contains_key(&(input.clone(), date));
                if !coming {
                    return Forecast::Cannot(format!(
                        "{input} has no snapshot of {date}; select it too (`+{table}`), or give a source"
                    ));
                }
                match self.state.manifest(table, date) {
                    None => Forecast::Make(vec![Cause::New]),
                    Some(_) => Forecast::IfChanged(changing),
                }
            }
        }
    }

    fn compare(&self, table: &TableName, date: SnapshotDate, prints: &Prints) -> Forecast {
        causes(self.state, table, date, prints, self.force)
            .map_or(Forecast::UpToDate, Forecast::Make)
    }

    /// What reads the past of tables that change is made again at every later
    /// date that the lake has.
    fn later(&mut self, selected: &BTreeSet<TableName>, dates: &BTreeSet<SnapshotDate>) {
        let Some(first) = dates.first() else {
            return;
        };
        let readers: BTreeSet<TableName> = self
            .resolved
            .made
            .iter()
            .filter(|(_, made)| !made.history.is_empty())
            .map(|(table, _)| table.clone())
            .collect();
        let affected = self.resolved.graph.downstream(&readers);
        for date in self.state.all_dates() {
            if date <= *first || dates.contains(&date) {
                continue;
            }
            for table in &self.resolved.order {
                if affected.contains(table)
                    && selected.contains(table)
                    && self.state.manifest(table, date).is_some()
                {
                    self.step(table, date, None);
                }
            }
        }
    }
}

/// Why a partition must be made, given what it would now be made from; `None`
/// when it is up to date.
pub(crate) fn causes(
    state: &LakeState,
    table: &TableName,
    date: SnapshotDate,
    prints: &Prints,
    force: bool,
) -> Option<Vec<Cause>> {
    let Some(manifest) = state.manifest(table, date) else {
        return Some(vec![Cause::New]);
    };
    if state.is_damaged(table, date) {
        return Some(vec![Cause::Damaged]);
    }
    if manifest.facts.fingerprint != prints.total() {
        let changed = prints.changed_since(&manifest.facts.inputs);
        return Some(changed.into_iter().map(Cause::Changed).collect());
    }
    force.then(|| vec![Cause::Forced])
}
