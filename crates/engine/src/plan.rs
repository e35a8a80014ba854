//! Third phase: which tables of which dates would be made, and why.

pub(crate) mod address;
pub(crate) mod cause;
pub(crate) mod damage;
pub(crate) mod description;
pub(crate) mod discover;
pub(crate) mod hash_cache;
pub(crate) mod input;
pub(crate) mod input_file;
pub(crate) mod lake_state;
pub(crate) mod listing;
pub(crate) mod request;
pub(crate) mod skip;
pub(crate) mod snapshot_files;
pub(crate) mod wildcard;
pub(crate) mod window;

use std::collections::{BTreeMap, BTreeSet};

use hubcensus_lake::Lake;
use hubcensus_spec::{History, PartitionId, SnapshotDate, TableName};

use crate::error::EngineError;
use crate::plan::cause::{Cause, causes};
use crate::plan::input::{FoundSource, Inputs};
use crate::plan::lake_state::{Absent, LakeState, Scope};
use crate::plan::request::Request;
use crate::resolve::fingerprint::FingerprintParts;
use crate::resolve::resolved::{Origin, Recipe, Resolved};

/// What would be done, in the order in which it would be done.
#[derive(Debug)]
pub struct Plan {
    /// One step for each table and date.
    pub steps: Vec<Step>,
    /// The exact set of dates.
    pub dates: Vec<SnapshotDate>,
    /// Nothing was ever committed to the lake.
    pub is_new: bool,
    /// What the partitions of these dates say of their being generated.
    pub(crate) generated: BTreeMap<PartitionId, String>,
    pub(crate) inputs: Inputs,
    pub(crate) force: bool,
}

/// One table of one date.
#[derive(Debug, Clone)]
pub struct Step {
    /// Which partition it makes.
    pub id: PartitionId,
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
    /// The snapshot does not have it, for this reason.
    Skip(String),
    /// It is made if one of these comes out different from what it is, or is
    /// nearer to what a window of days asks for than the one that it has.
    IfChanged(Vec<Awaited>),
    /// It cannot be made.
    Cannot(String),
}

/// A table that a step waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Awaited {
    /// Which.
    pub table: TableName,
    /// The earlier snapshot and the days of the window that would read it, if it
    /// is read for one.
    pub window: Option<(SnapshotDate, u32)>,
}

impl std::fmt::Display for Awaited {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.window {
            None => write!(f, "{}", self.table),
            Some((date, days)) => {
                write!(f, "{} of {date} ({days} days before)", self.table)
            }
        }
    }
}

/// Says what a run would do, without doing it.
///
/// # Errors
///
/// A selector that means nothing, a source that is none or has no files, no lake
/// where no source is given, or a lake that cannot be read. The file of a date
/// that cannot be found is no error but a step that says so.
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
    let is_new = !lake.exists().await?;
    if source.is_none() && is_new {
        lake.require().await?;
    }
    let dates: Option<BTreeSet<SnapshotDate>> = match (&source, request.dates.is_empty()) {
        (_, false) => Some(request.dates.iter().copied().collect()),
        (Some(source), true) => Some(dates_of(source, &selected).await?),
        (None, true) => None,
    };
    let first = dates.as_ref().and_then(BTreeSet::first);
    let state = &LakeState::read(lake, &Scope::of_run(first, resolved)).await?;
    let dates = dates.unwrap_or_else(|| state.all_dates());
    let mut inputs = match &source {
        Some(source) => Inputs::look(lake, source, &selected, &dates).await?,
        None => Inputs::default(),
    };
    let ingested: BTreeSet<TableName> = resolved
        .recipes
        .iter()
        .filter(|(table, recipe)| {
            matches!(recipe.origin, Origin::Ingest(_)) && selected.contains(*table)
        })
        .map(|(table, _)| table.clone())
        .collect();
    let later = state.all_dates();
    let later = later.iter().filter(|date| Some(*date) > dates.first());
    let affected: BTreeSet<SnapshotDate> = dates.iter().chain(later).copied().collect();
    inputs.note_lacking(state, &ingested, &affected);
    let mut forecaster = Forecaster {
        resolved,
        state,
        inputs: &inputs,
        force: request.force,
        changing: BTreeMap::new(),
        steps: Vec::new(),
    };
    for date in &dates {
        for table in resolved
            .order
            .iter()
            .filter(|table| selected.contains(*table))
        {
            forecaster.step(PartitionId::new(table.clone(), *date));
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
    steps.sort_by_key(|step| (step.id.date, position.get(&step.id.table).copied()));
    let generated = state
        .all()
        .filter(|manifest| manifest.file().is_some() && dates.contains(&manifest.id.date))
        .filter_map(|m| Some((m.id.clone(), m.facts.generated.clone()?)));
    Ok(Plan {
        steps,
        is_new,
        generated: generated.collect(),
        dates: dates.into_iter().collect(),
        inputs,
        force: request.force,
    })
}

/// The dates of which a source has a selected table; of any, if it has none of
/// them.
async fn dates_of(
    source: &FoundSource,
    selected: &BTreeSet<TableName>,
) -> Result<BTreeSet<SnapshotDate>, EngineError> {
    let all = source.locations.iter();
    let is_any = all.clone().any(|(table, _)| selected.contains(table));
    let mut dates = BTreeSet::new();
    let mut nothing = None;
    for (_, location) in all.filter(|(table, _)| !is_any || selected.contains(*table)) {
        match discover::discover(location).await {
            Ok(found) => dates.extend(found),
            Err(error @ EngineError::NoSnapshots { .. }) => {
                nothing.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    match nothing {
        Some(error) if dates.is_empty() => Err(error),
        _ => Ok(dates),
    }
}

struct Forecaster<'a> {
    resolved: &'a Resolved,
    state: &'a LakeState,
    inputs: &'a Inputs,
    force: bool,
    /// What the steps so far will make (`true`) or may make (`false`).
    changing: BTreeMap<PartitionId, bool>,
    steps: Vec<Step>,
}

impl Forecaster<'_> {
    fn step(&mut self, id: PartitionId) {
        let Some(recipe) = self.resolved.recipes.get(&id.table) else {
            return;
        };
        let forecast = match recipe.origin {
            Origin::Ingest(_) if self.inputs.concern(&id) => self.ingest(&id),
            Origin::Ingest(_) => return,
            Origin::Job(_) => self.job(&id, recipe),
        };
        match &forecast {
            Forecast::Make(_) | Forecast::Skip(_) => self.changing.insert(id.clone(), true),
            Forecast::IfChanged(_) => self.changing.insert(id.clone(), false),
            Forecast::UpToDate | Forecast::Cannot(_) => None,
        };
        self.steps.push(Step { id, forecast });
    }

    fn ingest(&self, id: &PartitionId) -> Forecast {
        let forecast = match self.inputs.fingerprint(self.resolved, id) {
            Ok(parts) => self.compare(id, &parts),
            Err(reason) => Forecast::Cannot(reason),
        };
        match (forecast, self.inputs.lacking(id)) {
            (Forecast::Make(_), Some(reason)) => Forecast::Skip(reason.to_owned()),
            (forecast, _) => forecast,
        }
    }

    fn job(&self, id: &PartitionId, recipe: &Recipe) -> Forecast {
        let changing: Vec<Awaited> = recipe
            .inputs
            .iter()
            .flat_map(|input| self.awaited(id, input, recipe.history.get(input)))
            .collect();
        match self.state.fingerprint(self.resolved, id, recipe) {
            Ok(parts) => match self.compare(id, &parts) {
                Forecast::UpToDate if !changing.is_empty() => Forecast::IfChanged(changing),
                forecast => forecast,
            },
            Err(Absent(input)) => {
                if !self.changing.contains_key(&input) {
                    let why = self.state.absence(self.resolved, &input, &id.table);
                    return Forecast::Cannot(why);
                }
                match self.state.manifest(id) {
                    None => Forecast::Make(vec![Cause::New]),
                    Some(_) => Forecast::IfChanged(changing),
                }
            }
        }
    }

    /// What of a table may come out different and is read by a step.
    fn awaited(
        &self,
        id: &PartitionId,
        input: &TableName,
        history: Option<&History>,
    ) -> Vec<Awaited> {
        let changing = |date| {
            self.changing
                .contains_key(&PartitionId::new(input.clone(), date))
        };
        let dates = self.changing.keys().filter(|other| other.table == *input);
        let mut dates = dates.map(|other| other.date).filter(|d| *d <= id.date);
        let windows = history.map_or(&[][..], History::windows);
        let is_changing = match history {
            None => changing(id.date),
            Some(_) if windows.is_empty() => dates.next().is_some(),
            Some(_) => changing(id.date),
        };
        let whole = is_changing.then(|| Awaited {
            table: input.clone(),
            window: None,
        });
        let mut awaited = Vec::from_iter(whole);
        for date in dates {
            for days in windows {
                let reads =
                    history.is_some_and(|h| self.state.would_read(input, id.date, h, *days, date));
                awaited.extend(reads.then(|| Awaited {
                    table: input.clone(),
                    window: Some((date, *days)),
                }));
            }
        }
        awaited
    }

    fn compare(&self, id: &PartitionId, parts: &FingerprintParts) -> Forecast {
        causes(self.state, id, parts, self.force).map_or(Forecast::UpToDate, Forecast::Make)
    }

    /// What reads the past of tables that change is made again at every later
    /// date that the lake has.
    fn later(&mut self, selected: &BTreeSet<TableName>, dates: &BTreeSet<SnapshotDate>) {
        let Some(first) = dates.first() else {
            return;
        };
        let readers: BTreeSet<TableName> = self
            .resolved
            .recipes
            .iter()
            .filter(|(_, recipe)| !recipe.history.is_empty())
            .map(|(table, _)| table.clone())
            .collect();
        let affected = self.resolved.graph.downstream(&readers);
        for date in self.state.all_dates() {
            if date <= *first || dates.contains(&date) {
                continue;
            }
            for table in &self.resolved.order {
                let id = PartitionId::new(table.clone(), date);
                let is_there = affected.contains(table) && self.state.manifest(&id).is_some();
                if selected.contains(table) && (is_there || self.inputs.lacking(&id).is_some()) {
                    self.step(id);
                }
            }
        }
    }
}
