//! Which partitions a result was read from, and where those came from.

use std::collections::BTreeSet;
use std::str::FromStr;

use hubcensus_lake::{Lake, Manifest};
use hubcensus_spec::{DateError, DateSet, PartitionId, SnapshotDate, TableName};

use crate::error::EngineError;
use crate::plan::damage::Unreadable;
use crate::plan::lake_state::LakeState;
use crate::resolve::resolved::Resolved;

/// Which snapshots of a table are read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Snapshots {
    /// The latest that the lake has of the table.
    #[default]
    Latest,
    /// All that the lake has.
    All,
    /// Those of these dates that the lake has.
    Of(DateSet),
}

impl Snapshots {
    /// Whether a date is among them, of those up to `last`.
    pub(super) fn include(&self, date: SnapshotDate, last: SnapshotDate) -> bool {
        match self {
            Self::Latest => date == last,
            Self::All => true,
            Self::Of(dates) => dates.contains(date),
        }
    }
}

/// `latest`, `all`, or a set of dates.
impl FromStr for Snapshots {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        match text {
            "latest" => Ok(Self::Latest),
            "all" => Ok(Self::All),
            dates => dates.parse().map(Self::Of),
        }
    }
}

/// A table that was read, and which of its snapshots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadTable {
    /// Its name.
    pub name: TableName,
    /// The snapshots whose rows were read, oldest first; a reference table has
    /// none.
    pub dates: Vec<SnapshotDate>,
    /// Snapshots that were asked for and have no such table, and why.
    pub skipped: Vec<(SnapshotDate, String)>,
    /// Partitions that were asked for and left out, since they cannot be read.
    pub damaged: Vec<Unreadable>,
}

/// Where the rows of a result come from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provenance {
    /// The tables that were read, reference tables included.
    pub tables: Vec<ReadTable>,
    /// The sources of the snapshots that were read.
    pub sources: Vec<String>,
    /// That any of it is made from generated data, and by what.
    pub generated: Option<String>,
}

impl Provenance {
    /// Notes that a reference table was read.
    pub(crate) fn add_reference(&mut self, name: &TableName) {
        self.tables.push(ReadTable {
            name: name.clone(),
            dates: Vec::new(),
            skipped: Vec::new(),
            damaged: Vec::new(),
        });
    }

    /// Chooses the snapshots of a table, and notes them.
    ///
    /// # Errors
    ///
    /// None of them is there, or none is whole.
    pub(crate) fn choose(
        &mut self,
        resolved: &Resolved,
        lake: &Lake,
        state: &LakeState,
        name: &TableName,
        snapshots: &Snapshots,
    ) -> Result<&ReadTable, EngineError> {
        let there: Vec<SnapshotDate> = state.dates(name).collect();
        let Some(last) = there.last() else {
            return Err(EngineError::Query(format!(
                "{} has no snapshot of {name} yet; `hubcensus run +{name}` makes one",
                lake.address()
            )));
        };
        let asked = |date: SnapshotDate| snapshots.include(date, *last);
        let damaged = state.unreadable(name);
        let mut read = ReadTable {
            name: name.clone(),
            dates: Vec::new(),
            skipped: Vec::new(),
            damaged: damaged.filter(|found| asked(found.id.date)).collect(),
        };
        for date in there.iter().copied().filter(|date| asked(*date)) {
            let id = PartitionId::new(name.clone(), date);
            let Some(manifest) = state.manifest(&id).filter(|_| !state.is_damaged(&id)) else {
                continue;
            };
            if let Some(reason) = manifest.skipped() {
                read.skipped.push((date, reason.to_owned()));
            } else {
                read.dates.push(date);
                self.note(resolved, state, manifest);
            }
        }
        match (
            read.dates.is_empty() && read.skipped.is_empty(),
            read.damaged.as_slice(),
        ) {
            (true, []) => Err(absent(lake, name, snapshots)),
            (true, damaged) => {
                let damaged: Vec<String> = damaged.iter().map(ToString::to_string).collect();
                Err(EngineError::Query(format!(
                    "{}; `hubcensus verify` says what makes it again",
                    damaged.join("; ")
                )))
            }
            _ => {
                let at = self.tables.len();
                self.tables.push(read);
                Ok(&self.tables[at])
            }
        }
    }

    fn note(&mut self, resolved: &Resolved, state: &LakeState, manifest: &Manifest) {
        if self.generated.is_none() {
            self.generated.clone_from(&manifest.facts.generated);
        }
        let mut sources: BTreeSet<String> = std::mem::take(&mut self.sources).into_iter().collect();
        for table in &resolved.project.ingest_tables {
            let id = PartitionId::new(table.name.value.clone(), manifest.id.date);
            let source = state.manifest(&id).and_then(|m| m.facts.source.as_ref());
            sources.extend(source.map(|source| source.name.clone()));
        }
        self.sources = sources.into_iter().collect();
    }
}

fn absent(lake: &Lake, name: &TableName, snapshots: &Snapshots) -> EngineError {
    let asked = match snapshots {
        Snapshots::Of(dates) => match dates.as_slice() {
            [date] => format!("of {date}"),
            [first, .., last] => format!("from {first} to {last}"),
            [] => String::new(),
        },
        Snapshots::Latest | Snapshots::All => String::new(),
    };
    EngineError::Query(format!(
        "{name} has no snapshot {asked} in {}",
        lake.address()
    ))
}
