//! What the lake holds, as the planner and the runner see it: the manifests,
//! read once and kept up to date while a run goes on.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use hubcensus_lake::{FileFacts, Lake, Manifest};
use hubcensus_spec::{History, PartitionId, SnapshotDate, TableName};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore as _};

use crate::error::EngineError;
use crate::plan::damage::{Damage, Unreadable};
use crate::plan::hash_cache::HashCache;
use crate::resolve::fingerprint::{self, FingerprintParts};
use crate::resolve::resolved::{Recipe, Resolved};

/// Tables whose files are listed, and files that are read, at a time.
const AT_ONCE: usize = 16;

/// The partitions of a lake by table and date.
#[derive(Debug, Default)]
pub(crate) struct LakeState {
    manifests: BTreeMap<TableName, BTreeMap<SnapshotDate, Manifest>>,
    damaged: BTreeMap<PartitionId, Damage>,
    /// The partitions committed since the manifests were read.
    committed: BTreeSet<PartitionId>,
    hashes: HashCache,
}

/// A table of whose snapshot nothing is there, where a job needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Absent(pub(crate) TableName);

/// Which partitions are to be known of.
#[derive(Debug)]
pub(crate) enum Scope<'a> {
    /// All there are.
    Whole,
    /// Those of a date and of later ones, and of the tables that histories read
    /// all: what a run at that date reads, and may have to make again.
    From(SnapshotDate, BTreeSet<&'a TableName>),
}

impl<'a> Scope<'a> {
    pub(crate) fn of_run(first: Option<&SnapshotDate>, resolved: &'a Resolved) -> Self {
        let histories = resolved
            .recipes
            .values()
            .flat_map(|recipe| recipe.history.keys());
        first.map_or(Self::Whole, |first| Self::From(*first, histories.collect()))
    }

    fn contains(&self, table: &TableName, date: SnapshotDate) -> bool {
        match self {
            Self::Whole => true,
            Self::From(first, throughout) => date >= *first || throughout.contains(table),
        }
    }
}

/// The files of manifests, as they are there. They are listed table by table,
/// since asking for each by itself takes many times as long.
async fn files(
    lake: &Lake,
    manifests: &[Manifest],
) -> Result<BTreeMap<Path, ObjectMeta>, EngineError> {
    // Of a table's files the first in the order of their names.
    let mut tables: BTreeMap<&TableName, &str> = BTreeMap::new();
    for manifest in manifests {
        if let Some(file) = manifest.file() {
            let first = tables.entry(&manifest.table).or_insert(&file.file);
            *first = (*first).min(&file.file);
        }
    }
    let listed = stream::iter(tables).map(|(table, first)| async move {
        let folder = lake.locate(&format!("{}/{}", table.stage(), table.table()));
        // What is listed comes behind this.
        let before = first.rsplit_once('/').map_or("", |(folder, _)| folder);
        let listed = lake
            .store()
            .list_with_offset(Some(&folder), &lake.locate(before));
        match listed.try_collect().await {
            Ok(files) => Ok(files),
            Err(object_store::Error::NotFound { .. }) => Ok(Vec::new()),
            Err(error) => Err(hubcensus_lake::Error::Store {
                operation: "list",
                path: folder.to_string(),
                source: Box::new(error),
            }),
        }
    });
    let listed: Vec<Vec<ObjectMeta>> = listed.buffered(AT_ONCE).try_collect().await?;
    let files = listed.into_iter().flatten();
    Ok(files.map(|meta| (meta.location.clone(), meta)).collect())
}

impl LakeState {
    /// Reads the manifests, and sees whether their files are what they say. A
    /// file whose size and time of change are those of an earlier look is not
    /// read again.
    pub(crate) async fn read(lake: &Lake, scope: &Scope<'_>) -> Result<Self, EngineError> {
        let mut state = Self::default();
        let mut hashes = HashCache::load(lake).await?;
        let manifests = lake.manifests_where(|table, date| scope.contains(table, date));
        let manifests = manifests.await?;
        let files = files(lake, &manifests).await?;
        let unknown = manifests.iter().filter_map(Manifest::file);
        let unknown = unknown.filter_map(|file| Some((file, files.get(&lake.locate(&file.file))?)));
        let unknown =
            unknown.filter(|(file, meta)| meta.size == file.bytes && hashes.hash(meta).is_none());
        let hashed = stream::iter(unknown.collect::<Vec<_>>())
            .map(|(file, meta)| async move { (meta, lake.hash(file).await) })
            .buffered(AT_ONCE);
        let hashed: Vec<_> = hashed.collect().await;
        let mut unread = BTreeMap::new();
        for (meta, hash) in hashed {
            match hash {
                Ok(Some(hash)) => hashes.insert(meta, hash),
                Ok(None) => {}
                Err(error) => {
                    unread.insert(meta.location.clone(), error.to_string());
                }
            }
        }
        for manifest in manifests {
            let damage = match manifest.file() {
                Some(file) => {
                    let path = lake.locate(&file.file);
                    match (files.get(&path), unread.remove(&path)) {
                        (None, _) => Some(Damage::Missing),
                        (Some(meta), _) if meta.size != file.bytes => Some(Damage::Size {
                            expected: file.bytes,
                            found: meta.size,
                        }),
                        (Some(_), Some(error)) => Some(Damage::Unread(error)),
                        (Some(meta), None) => match hashes.hash(meta) {
                            Some(hash) if hash == file.blake3 => None,
                            Some(_) => Some(Damage::Content),
                            None => Some(Damage::Missing),
                        },
                    }
                }
                None => (!lake.intact(&manifest).await?).then_some(Damage::Unexpected),
            };
            let id = PartitionId::new(manifest.table.clone(), manifest.date);
            state.insert(manifest);
            if let Some(damage) = damage {
                state.damaged.insert(id, damage);
            }
        }
        state.hashes = hashes;
        Ok(state)
    }

    /// Remembers the files that were looked at and those made since.
    pub(crate) async fn save_hashes(&mut self, lake: &Lake) {
        for id in std::mem::take(&mut self.committed) {
            if let Some(file) = self.manifest(&id).and_then(Manifest::file) {
                let path = lake.locate(&file.file);
                let hash = file.blake3.clone();
                self.hashes.record(lake.store(), &path, &hash).await;
            }
        }
        self.hashes.save(lake).await;
    }

    /// Takes note of a partition just made.
    pub(crate) fn put(&mut self, manifest: Manifest) {
        let id = PartitionId::new(manifest.table.clone(), manifest.date);
        self.damaged.remove(&id);
        self.committed.insert(id);
        self.insert(manifest);
    }

    fn insert(&mut self, manifest: Manifest) {
        self.manifests
            .entry(manifest.table.clone())
            .or_default()
            .insert(manifest.date, manifest);
    }

    /// The manifest of a partition, damaged or not.
    pub(crate) fn manifest(&self, id: &PartitionId) -> Option<&Manifest> {
        self.manifests.get(&id.table)?.get(&id.date)
    }

    pub(crate) fn is_damaged(&self, id: &PartitionId) -> bool {
        self.damaged.contains_key(id)
    }

    /// Why a partition that has a manifest cannot be read, if it cannot.
    pub(crate) fn damage(&self, id: &PartitionId) -> Option<&Damage> {
        self.damaged.get(id)
    }

    /// The partitions of a table that have a manifest and cannot be read, by
    /// date.
    pub(crate) fn unreadable(&self, table: &TableName) -> impl Iterator<Item = Unreadable> + '_ {
        let table = table.clone();
        let damaged = self.damaged.iter();
        damaged
            .filter(move |(id, _)| id.table == table)
            .map(|(id, reason)| Unreadable {
                id: id.clone(),
                reason: reason.clone(),
            })
    }

    /// The manifest of a partition that can be read: there, whole, not skipped.
    pub(crate) fn readable(&self, id: &PartitionId) -> Option<&Manifest> {
        self.manifest(id)
            .filter(|manifest| manifest.file().is_some() && !self.is_damaged(id))
    }

    /// The dates of which the lake has a table.
    pub(crate) fn dates(&self, table: &TableName) -> impl Iterator<Item = SnapshotDate> + '_ {
        self.manifests
            .get(table)
            .into_iter()
            .flat_map(|dates| dates.keys().copied())
    }

    /// Every date of every table.
    pub(crate) fn all_dates(&self) -> BTreeSet<SnapshotDate> {
        self.manifests
            .values()
            .flat_map(|dates| dates.keys().copied())
            .collect()
    }

    /// The snapshots of `table` that a job at `date` reads under `history`,
    /// oldest first. None of them is later than `date`.
    pub(crate) fn history(
        &self,
        table: &TableName,
        date: SnapshotDate,
        history: History,
    ) -> Vec<&Manifest> {
        let upto = |limit: SnapshotDate, inclusive: bool| -> Vec<&Manifest> {
            self.dates(table)
                .filter(|d| *d < limit || (inclusive && *d == limit))
                .filter_map(|d| self.readable(&PartitionId::new(table.clone(), d)))
                .collect()
        };
        match history {
            History::Previous => upto(date, false)
                .into_iter()
                .next_back()
                .into_iter()
                .collect(),
            History::All => upto(date, true),
            History::Last(count) => {
                let mut found = upto(date, true);
                let count = usize::try_from(count).unwrap_or(usize::MAX);
                found.drain(..found.len().saturating_sub(count));
                found
            }
        }
    }

    /// The hashes of everything that a job's partition is made from, or the
    /// input that is not there.
    pub(crate) fn fingerprint(
        &self,
        resolved: &Resolved,
        id: &PartitionId,
        recipe: &Recipe,
    ) -> Result<FingerprintParts, Absent> {
        let mut parts = recipe.definition.clone();
        for input in &recipe.inputs {
            if let Some(reference) = resolved.references.get(input) {
                parts.add_hash(fingerprint::table_part(input), &reference.fingerprint);
            } else if let Some(history) = recipe.history.get(input) {
                let read = self.history(input, id.date, *history).into_iter();
                let read = read.filter(|manifest| *input != id.table || manifest.date != id.date);
                for manifest in read {
                    parts.add_hash(format!("{input}@{}", manifest.date), content(manifest));
                }
            } else {
                let input_id = PartitionId::new(input.clone(), id.date);
                let manifest = self
                    .manifest(&input_id)
                    .filter(|_| !self.is_damaged(&input_id))
                    .ok_or_else(|| Absent(input.clone()))?;
                parts.add_hash(fingerprint::table_part(input), content(manifest));
            }
        }
        Ok(parts)
    }
}

/// What stands for a partition's content in the fingerprints of what is made
/// from it.
fn content(manifest: &Manifest) -> String {
    match manifest.file() {
        Some(file) => file.blake3.clone(),
        None => "skipped".to_owned(),
    }
}
