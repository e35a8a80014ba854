//! Where a source's files are, and what is in them as far as a fingerprint goes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path as FilePath;

use futures::stream::{self, StreamExt as _};
use hubcensus_lake::Lake;
use hubcensus_spec::{LocationError, LocationTemplate, SnapshotDate, TableName, closest};

use crate::error::EngineError;
use crate::plan::address;
use crate::plan::discover::DATE;
use crate::plan::hash_cache::{HashCache, INPUTS};
use crate::plan::request::SourceRequest;
use crate::plan::snapshot_files::SnapshotFiles;
use crate::resolve::fingerprint::{self, FingerprintParts};
use crate::resolve::resolved::{Resolved, ResolvedSource};

/// Dates that are looked at at a time.
const AT_ONCE: usize = 4;

/// A source as asked for.
#[derive(Debug, Clone)]
pub(crate) struct FoundSource {
    pub(crate) name: String,
    pub(crate) table: TableName,
    /// Where its files are, with `{date}` in it.
    pub(crate) location: String,
}

/// The source that a request means.
///
/// # Errors
///
/// No such source, or a location in which all dates are one file.
pub(crate) fn find_source(
    resolved: &Resolved,
    request: &SourceRequest,
) -> Result<FoundSource, EngineError> {
    let Some(source) = resolved.project.source(&request.name) else {
        let names: Vec<&str> = resolved
            .project
            .sources
            .iter()
            .map(|source| source.name.as_str())
            .collect();
        return Err(EngineError::NoSource {
            name: request.name.clone(),
            near: closest(&request.name, names.iter().copied()).map(str::to_owned),
            known: names.join(", "),
        });
    };
    let location = match &request.location {
        Some(location) => {
            let location: LocationTemplate =
                location
                    .parse()
                    .map_err(|error: LocationError| EngineError::Location {
                        location: address::shown(location),
                        reason: error.to_string(),
                    })?;
            location.to_string()
        }
        None => under(&resolved.root, source.location.value.as_str()),
    };
    Ok(FoundSource {
        name: source.name.value.clone(),
        table: source.table.value.clone(),
        location,
    })
}

/// A location of a pipeline file: what is relative is so to the project.
fn under(root: &FilePath, location: &str) -> String {
    if location.contains("://") || FilePath::new(location).is_absolute() {
        location.to_owned()
    } else {
        root.join(location).to_string_lossy().into_owned()
    }
}

/// The files of a request's dates, looked at but not read as tables.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    pub(crate) source: Option<FoundSource>,
    files: BTreeMap<SnapshotDate, Result<SnapshotFiles, String>>,
}

impl Inputs {
    /// Finds and hashes the files of each date.
    pub(crate) async fn look(
        lake: &Lake,
        source: &FoundSource,
        dates: &BTreeSet<SnapshotDate>,
    ) -> Result<Self, EngineError> {
        let mut known = HashCache::load(lake, INPUTS).await?;
        let files = stream::iter(dates).map(|date| {
            let location = source.location.replace(DATE, &date.to_string());
            let known = &known;
            async move { (*date, SnapshotFiles::look(&location, known).await) }
        });
        let files: BTreeMap<_, _> = files.buffered(AT_ONCE).collect().await;
        for files in files.values().flatten() {
            files.remember(&mut known);
        }
        known.save(lake).await;
        Ok(Self {
            source: Some(source.clone()),
            files,
        })
    }

    /// The files of a date, or why there are none.
    pub(crate) fn files(&self, date: SnapshotDate) -> Result<&SnapshotFiles, String> {
        match self.files.get(&date) {
            Some(Ok(files)) => Ok(files),
            Some(Err(reason)) => Err(reason.clone()),
            None => Err(format!("no file was looked for on {date}")),
        }
    }

    /// The source and how it is made into a table.
    pub(crate) fn resolved<'a>(
        &self,
        resolved: &'a Resolved,
    ) -> Option<(&FoundSource, &'a ResolvedSource)> {
        let source = self.source.as_ref()?;
        Some((source, resolved.sources.get(&source.name)?))
    }

    /// The hashes of everything that the ingested partition of a date is made
    /// from, or why there are no such files.
    pub(crate) fn fingerprint(
        &self,
        resolved: &Resolved,
        date: SnapshotDate,
    ) -> Result<FingerprintParts, String> {
        let files = self.files(date)?;
        let Some((source, mapping)) = self.resolved(resolved) else {
            return Err("no source is given".to_owned());
        };
        let mut parts = FingerprintParts::default();
        if let Some(table) = resolved.recipes.get(&source.table) {
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
        parts.add_hash("file", &files.hash);
        Ok(parts)
    }
}
