//! Where a source's files are, which snapshots there are, and what is in them
//! as far as a fingerprint goes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use futures::StreamExt as _;
use hubcensus_lake::Lake;
use hubcensus_spec::{SnapshotDate, TableName, closest};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use tempfile::NamedTempFile;

use crate::error::EngineError;
use crate::plan::hash_cache::{self, CachedHash};
use crate::plan::request::SourceRequest;
use crate::resolve::fingerprint::{self, FingerprintParts};
use crate::resolve::resolved::{Resolved, ResolvedSource};

const DATE: &str = "{date}";
const HASHES: &str = "input-hashes.json";

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
        Some(location) => location.clone(),
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

/// The snapshots that a source has, found by listing.
///
/// # Errors
///
/// A store that cannot be listed, and a location without `{date}`.
pub(crate) async fn discover(source: &FoundSource) -> Result<BTreeSet<SnapshotDate>, EngineError> {
    let Some((head, tail)) = source.location.split_once(DATE) else {
        return Err(EngineError::NoDates {
            location: source.location.clone(),
        });
    };
    let (folder, _) = head.rsplit_once('/').unwrap_or((".", head));
    let place = Place::of(if folder.is_empty() { "/" } else { folder })?;
    let name_head = head.rsplit('/').next().unwrap_or(head);
    let mut found = BTreeSet::new();
    let mut listing = place.store.list(Some(&place.path));
    while let Some(object) = listing.next().await {
        let object = object.map_err(|source| EngineError::Input {
            address: folder.to_owned(),
            reason: source.to_string(),
        })?;
        let Some(parts) = object.location.prefix_match(&place.path) else {
            continue;
        };
        let rest: Vec<String> = parts.map(|part| part.as_ref().to_owned()).collect();
        let rest = rest.join("/");
        if let Some(date) = rest.strip_prefix(name_head)
            && let Some((date, after)) = date.split_at_checked(10)
            && after == tail.replace(DATE, date)
            && let Ok(date) = date.parse()
        {
            found.insert(date);
        }
    }
    Ok(found)
}

/// The files of a request's dates, looked at but not read as tables.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    pub(crate) source: Option<FoundSource>,
    files: BTreeMap<SnapshotDate, Result<InputFile, String>>,
}

/// One file, and what it holds as a hash.
#[derive(Debug, Clone)]
pub(crate) struct InputFile {
    pub(crate) address: String,
    pub(crate) hash: String,
    pub(crate) bytes: u64,
}

impl Inputs {
    /// Finds and hashes the file of each date. A file whose size and time of
    /// change are those of an earlier look is not read again.
    pub(crate) async fn look(
        lake: &Lake,
        source: &FoundSource,
        dates: &BTreeSet<SnapshotDate>,
    ) -> Result<Self, EngineError> {
        let known: BTreeMap<String, CachedHash> = match lake.get_side(HASHES).await? {
            Some(bytes) => serde_json::from_slice(&bytes).unwrap_or_default(),
            None => BTreeMap::new(),
        };
        let mut now = known.clone();
        let mut files = BTreeMap::new();
        for date in dates {
            let address = source.location.replace(DATE, &date.to_string());
            let file = look_at(&address, &known).await;
            if let Ok((_, seen)) = &file {
                now.insert(address, seen.clone());
            }
            files.insert(*date, file.map(|(file, _)| file));
        }
        let mut inputs = Self {
            source: Some(source.clone()),
            files,
        };
        if now != known {
            inputs.remember(lake, &now).await;
        }
        Ok(inputs)
    }

    /// What is remembered only saves time: a lake that cannot take it is none
    /// the worse.
    async fn remember(&mut self, lake: &Lake, known: &BTreeMap<String, CachedHash>) {
        if let Ok(json) = serde_json::to_vec_pretty(known)
            && let Err(error) = lake.put_side(HASHES, json).await
        {
            tracing::debug!(%error, "input hashes not remembered");
        }
    }

    /// The file of a date, or why there is none.
    pub(crate) fn file(&self, date: SnapshotDate) -> Result<&InputFile, String> {
        match self.files.get(&date) {
            Some(Ok(file)) => Ok(file),
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
    /// from, or why there is no such file.
    pub(crate) fn fingerprint(
        &self,
        resolved: &Resolved,
        date: SnapshotDate,
    ) -> Result<FingerprintParts, String> {
        let file = self.file(date)?;
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
        parts.add_hash("file", &file.hash);
        Ok(parts)
    }
}

async fn look_at(
    address: &str,
    known: &BTreeMap<String, CachedHash>,
) -> Result<(InputFile, CachedHash), String> {
    let place = Place::of(address).map_err(|e| e.to_string())?;
    let meta = match place.store.head(&place.path).await {
        Ok(meta) => meta,
        Err(object_store::Error::NotFound { .. }) => {
            return Err(format!(
                "{address} does not exist; check the date and the location (--from)"
            ));
        }
        Err(error) => return Err(format!("cannot look at {address}: {error}")),
    };
    let hash = match known.get(address).and_then(|look| look.still(&meta)) {
        Some(hash) => hash.to_owned(),
        None => hash_cache::hash_of(&place.store, &meta)
            .await
            .map_err(|e| format!("cannot read {address}: {e}"))?,
    };
    let seen = CachedHash::new(&meta, hash.clone());
    let file = InputFile {
        address: address.to_owned(),
        hash,
        bytes: meta.size,
    };
    Ok((file, seen))
}

/// A file on the local disk: the input itself, or a copy of it that goes with
/// this value.
#[derive(Debug)]
pub(crate) enum LocalFile {
    /// The input lies on this machine.
    There(PathBuf),
    /// A copy of a remote input.
    Copy(NamedTempFile),
}

impl LocalFile {
    pub(crate) fn path(&self) -> &FilePath {
        match self {
            Self::There(path) => path,
            Self::Copy(file) => file.path(),
        }
    }
}

impl InputFile {
    /// Brings the file to where it can be read at random.
    pub(crate) async fn fetch(&self) -> Result<LocalFile, EngineError> {
        if let Some(path) = local_path(&self.address) {
            return Ok(LocalFile::There(path));
        }
        let problem = |reason: String| EngineError::Input {
            address: self.address.clone(),
            reason,
        };
        let place = Place::of(&self.address)?;
        let name = self
            .address
            .rsplit('/')
            .next()
            .unwrap_or("input")
            .to_owned();
        let suffix = name
            .split_once('.')
            .map(|(_, rest)| format!(".{rest}"))
            .unwrap_or_default();
        let mut file = tempfile::Builder::new()
            .prefix("hubcensus-")
            .suffix(&suffix)
            .tempfile()
            .map_err(|e| problem(format!("no room for a local copy: {e}")))?;
        let mut stream = place
            .store
            .get(&place.path)
            .await
            .map_err(|e| problem(e.to_string()))?
            .into_stream();
        while let Some(bytes) = stream.next().await {
            let bytes = bytes.map_err(|e| problem(e.to_string()))?;
            std::io::Write::write_all(&mut file, &bytes)
                .map_err(|e| problem(format!("no room for a local copy: {e}")))?;
        }
        Ok(LocalFile::Copy(file))
    }
}

fn local_path(address: &str) -> Option<PathBuf> {
    match address.strip_prefix("file://") {
        Some(_) => url::Url::parse(address).ok()?.to_file_path().ok(),
        None => (!address.contains("://")).then(|| PathBuf::from(address)),
    }
}

/// An object in a store.
struct Place {
    store: Arc<dyn ObjectStore>,
    path: Path,
}

impl Place {
    fn of(address: &str) -> Result<Self, EngineError> {
        let (store, path) = hubcensus_lake::object_at(address)?;
        Ok(Self { store, path })
    }
}
