//! Where a source's files are, and what is in them as far as a fingerprint goes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path as FilePath;
use std::sync::Arc;

use futures::stream::{self, StreamExt as _};
use hubcensus_lake::Lake;
use hubcensus_spec::{
    LocationError, LocationTemplate, PartitionId, SnapshotDate, Source, TableName, closest,
    enumerate,
};

use crate::error::EngineError;
use crate::plan::address;
use crate::plan::discover::DATE;
use crate::plan::hash_cache::{HashCache, INPUTS};
use crate::plan::input_file::NoFile;
use crate::plan::lake_state::LakeState;
use crate::plan::request::SourceRequest;
use crate::plan::snapshot_files::SnapshotFiles;
use crate::resolve::fingerprint::{self, FingerprintParts};
use crate::resolve::resolved::{Resolved, ResolvedSource};

/// Dates that are looked at at a time.
const AT_ONCE: usize = 4;

/// What a location of the command line has in the place of an ingest table's
/// name.
const TABLE: &str = "{table}";

/// A source as asked for.
#[derive(Debug, Clone)]
pub(crate) struct FoundSource {
    pub(crate) name: String,
    /// Where the files of each table that it fills are, with `{date}` in it.
    pub(crate) locations: BTreeMap<TableName, String>,
}

/// The source that a request means.
///
/// # Errors
///
/// No such source, or a location that could be that of several of its tables.
pub(crate) fn find_source(
    resolved: &Resolved,
    request: &SourceRequest,
) -> Result<FoundSource, EngineError> {
    let entries: Vec<&Arc<Source>> = resolved.project.source(&request.name).collect();
    if entries.is_empty() {
        let sources = resolved.project.sources.iter();
        let names: BTreeSet<&str> = sources.map(|source| source.name.as_str()).collect();
        return Err(EngineError::NoSource {
            name: request.name.clone(),
            near: closest(&request.name, names.iter().copied()).map(str::to_owned),
            known: Vec::from_iter(names).join(", "),
        });
    }
    let locations = match &request.location {
        Some(location) => elsewhere(&request.name, &entries, location)?,
        None => entries
            .iter()
            .map(|entry| {
                let location = under(&resolved.root, entry.location.value.as_str());
                (entry.table.value.clone(), location)
            })
            .collect(),
    };
    Ok(FoundSource {
        name: request.name.clone(),
        locations,
    })
}

/// The locations that one of the command line stands for: that of every table
/// if it names the table's place, else that of the only one, of the one whose
/// own location has the same file name before the date, or of the one whose
/// name begins the file's.
fn elsewhere(
    name: &str,
    entries: &[&Arc<Source>],
    location: &str,
) -> Result<BTreeMap<TableName, String>, EngineError> {
    let at = |entry: &&Arc<Source>| -> Result<(TableName, String), EngineError> {
        let table = &entry.table.value;
        let location = location.replace(TABLE, table.table());
        let parsed = location.parse::<LocationTemplate>();
        let parsed = parsed.map_err(|error: LocationError| EngineError::Location {
            location: address::shown(&location),
            reason: error.to_string(),
        });
        Ok((table.clone(), parsed?.to_string()))
    };
    if location.contains(TABLE) || entries.len() == 1 {
        return entries.iter().map(at).collect();
    }
    // As far as the date: what follows is the format and its compression.
    let file = |location: &str| -> Option<String> {
        let name = location.rsplit('/').next()?;
        Some(name.split_once(DATE)?.0.to_owned())
    };
    let alike = |entry: &&&Arc<Source>| file(entry.location.value.as_str()) == file(location);
    // A part is named after its table first: `models-first-100_{date}.jsonl`.
    let begins = |entry: &&&Arc<Source>| {
        let name = file(location).unwrap_or_default();
        let rest = name.strip_prefix(entry.table.value.table());
        rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()))
    };
    match entries
        .iter()
        .find(alike)
        .or_else(|| entries.iter().find(begins))
    {
        Some(entry) => Ok(BTreeMap::from([at(entry)?])),
        None => Err(EngineError::WhichTable {
            name: name.to_owned(),
            location: address::shown(location),
            tables: enumerate(entries.iter().map(|entry| entry.table.table())),
        }),
    }
}

/// A location of a pipeline file: what is relative is so to the project.
fn under(root: &FilePath, location: &str) -> String {
    if location.contains("://") || FilePath::new(location).is_absolute() {
        location.to_owned()
    } else {
        root.join(location).to_string_lossy().into_owned()
    }
}

/// The files of a request's tables and dates, looked at but not read as tables.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    pub(crate) source: Option<FoundSource>,
    files: BTreeMap<PartitionId, Result<SnapshotFiles, NoFile>>,
    /// The ingest tables that a snapshot does not have, and why.
    lacking: BTreeMap<PartitionId, String>,
}

impl Inputs {
    /// Finds and hashes the files of each selected table and date.
    pub(crate) async fn look(
        lake: &Lake,
        source: &FoundSource,
        selected: &BTreeSet<TableName>,
        dates: &BTreeSet<SnapshotDate>,
    ) -> Result<Self, EngineError> {
        let mut known = HashCache::load(lake, INPUTS).await?;
        let tables = source.locations.iter();
        let tables = tables.filter(|(table, _)| selected.contains(*table));
        let wanted = tables.flat_map(|table| dates.iter().map(move |date| (table, date)));
        let files = stream::iter(wanted).map(|((table, location), date)| {
            let location = location.replace(DATE, &date.to_string());
            let known = &known;
            async move {
                let files = SnapshotFiles::look(&location, known).await;
                (PartitionId::new(table.clone(), *date), files)
            }
        });
        let files: BTreeMap<_, _> = files.buffered(AT_ONCE).collect().await;
        for files in files.values().flatten() {
            files.remember(&mut known);
        }
        known.save(lake).await;
        Ok(Self {
            source: Some(source.clone()),
            files,
            lacking: BTreeMap::new(),
        })
    }

    /// Takes note of the ingest tables that a date's snapshot does not have:
    /// those that the source does not fill, or has no file of, while it has
    /// others; without a source, those that are not in the lake while others
    /// are. What is in the lake already stays.
    pub(crate) fn note_lacking(
        &mut self,
        state: &LakeState,
        tables: &BTreeSet<TableName>,
        dates: &BTreeSet<SnapshotDate>,
    ) {
        for date in dates {
            let at = |table: &TableName| PartitionId::new(table.clone(), *date);
            let missing = |id: &PartitionId| {
                let file = self.files.get(id);
                file.is_none_or(|file| matches!(file, Err(NoFile::Missing(_))))
            };
            let is_read = tables.iter().any(|table| !missing(&at(table)));
            let is_in_lake =
                |id: &PartitionId| state.manifest(id).is_some_and(|m| m.file().is_some());
            let is_snapshot = is_read || tables.iter().any(|table| is_in_lake(&at(table)));
            let of_source = self.source.as_ref().filter(|_| is_read);
            let found: Vec<(PartitionId, String)> = tables
                .iter()
                .map(at)
                .filter(|id| is_snapshot && missing(id) && !is_in_lake(id))
                .filter(|id| is_read || !self.files.contains_key(id))
                .map(|id| {
                    let reason = match (of_source, self.files.get(&id)) {
                        (Some(source), Some(_)) => {
                            format!(
                                "the source {} has no {} of {date}",
                                source.name,
                                id.table.table()
                            )
                        }
                        (Some(source), None) => {
                            format!("the source {} has no {}", source.name, id.table.table())
                        }
                        (None, _) => {
                            format!("no source has given the snapshot any {}", id.table.table())
                        }
                    };
                    (id, reason)
                })
                .collect();
            self.lacking.extend(found);
        }
        // What another source gave stands; what this one gave should be there.
        let source = self.source.as_ref().map(|source| &source.name);
        let lacking = &self.lacking;
        self.files.retain(|id, file| {
            let of = state.manifest(id).and_then(|m| m.facts.source.as_ref());
            let others = of.is_some_and(|of| Some(&of.name) != source);
            !(matches!(file, Err(NoFile::Missing(_))) && (others || lacking.contains_key(id)))
        });
    }

    /// Why a snapshot does not have an ingest table, if so.
    pub(crate) fn lacking(&self, id: &PartitionId) -> Option<&str> {
        self.lacking.get(id).map(String::as_str)
    }

    /// Whether the source has a say in this partition.
    pub(crate) fn concern(&self, id: &PartitionId) -> bool {
        self.files.contains_key(id) || self.lacking.contains_key(id)
    }

    /// The files of a partition, or why there are none.
    pub(crate) fn files(&self, id: &PartitionId) -> Result<&SnapshotFiles, String> {
        match self.files.get(id) {
            Some(Ok(files)) => Ok(files),
            Some(Err(no)) => Err(no.clone().into()),
            None => Err(format!(
                "no file of {} was looked for on {}",
                id.table, id.date
            )),
        }
    }

    /// How the source is made into a table.
    pub(crate) fn resolved<'a>(
        &self,
        resolved: &'a Resolved,
        table: &TableName,
    ) -> Option<&'a ResolvedSource> {
        let source = self.source.as_ref()?;
        let entry = (source.name.clone(), table.clone());
        resolved.sources.get(&entry)
    }

    /// The hashes of everything that an ingested partition is made from, or why
    /// there are no such files.
    pub(crate) fn fingerprint(
        &self,
        resolved: &Resolved,
        id: &PartitionId,
    ) -> Result<FingerprintParts, String> {
        let mut parts = FingerprintParts::default();
        if self.lacking.contains_key(id) {
            parts.add("file", "none");
            return Ok(parts);
        }
        let files = self.files(id)?;
        let Some(mapping) = self.resolved(resolved, &id.table) else {
            return Err("no source is given".to_owned());
        };
        if let Some(table) = resolved.recipes.get(&id.table) {
            parts = table.definition.clone();
            let rejects = parts.0.remove("query");
            if let Some(rejects) = rejects {
                parts.add_hash("rejects", rejects);
            }
            for input in &table.inputs {
                if let Some(reference) = resolved.references.get(input) {
                    parts.add_hash(fingerprint::table_part(input), &reference.fingerprint);
                }
            }
        }
        for (part, hash) in &mapping.definition.0 {
            parts.add_hash(part, hash);
        }
        for table in &mapping.references {
            if let Some(reference) = resolved.references.get(table) {
                parts.add_hash(fingerprint::table_part(table), &reference.fingerprint);
            }
        }
        if let Some(said) = &files.description {
            parts.add("coverage", &format!("{} {:?}", said.coverage, said.part));
        }
        parts.add_hash("file", &files.hash);
        Ok(parts)
    }
}
