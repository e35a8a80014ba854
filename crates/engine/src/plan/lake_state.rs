//! What the lake holds, as the planner and the runner see it: the manifests,
//! read once and kept up to date while a run goes on.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt as _};
use hubcensus_lake::{FileFacts, Lake, Manifest, Stamp};
use hubcensus_spec::{History, PartitionId, SnapshotDate, TableName};

use crate::error::EngineError;
use crate::plan::damage::{Damage, Unreadable};
use crate::plan::hash_cache::{HashCache, PARTITIONS};
use crate::resolve::fingerprint::{self, FingerprintParts};
use crate::resolve::resolved::{Origin, Recipe, Resolved};

/// Files that are read at a time.
const AT_ONCE: usize = 16;

/// The partitions of a lake by table and date.
#[derive(Debug)]
pub(crate) struct LakeState {
    lake: Lake,
    manifests: BTreeMap<TableName, BTreeMap<SnapshotDate, Manifest>>,
    damaged: BTreeMap<PartitionId, Damage>,
    hashes: HashCache,
}

/// A partition that a job needs and that is not there, or cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Absent(pub(crate) PartitionId);

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

    fn contains(&self, id: &PartitionId) -> bool {
        match self {
            Self::Whole => true,
            Self::From(first, throughout) => id.date >= *first || throughout.contains(&id.table),
        }
    }
}

impl LakeState {
    /// Reads the manifests, and sees whether their files are what they say. A
    /// file whose stamp is known from an earlier time is not read again.
    pub(crate) async fn read(lake: &Lake, scope: &Scope<'_>) -> Result<Self, EngineError> {
        let mut hashes = HashCache::load(lake, PARTITIONS).await?;
        let manifests = lake.manifests_where(|id| scope.contains(id)).await?;
        let stamps = lake.stamps(manifests.iter().map(|m| &m.id)).await?;
        let unknown = manifests.iter().filter_map(|manifest| {
            let (file, stamp) = (manifest.file()?, stamps.get(&manifest.id)?);
            let known = hashes.hash(&path(lake, file), stamp).is_some();
            (!known && stamp.bytes == file.bytes).then_some((manifest, file, stamp))
        });
        let hashed =
            stream::iter(unknown.collect::<Vec<_>>())
                .map(|(manifest, file, stamp)| async move {
                    (manifest, file, stamp, lake.hash(file).await)
                })
                .buffered(AT_ONCE);
        let hashed: Vec<_> = hashed.collect().await;
        let mut unread = BTreeMap::new();
        for (manifest, file, stamp, hash) in hashed {
            match hash {
                Ok(Some(hash)) => hashes.insert(path(lake, file), stamp.clone(), hash),
                Ok(None) => {}
                Err(error) => {
                    unread.insert(manifest.id.clone(), error.to_string());
                }
            }
        }
        let mut damaged = BTreeMap::new();
        for manifest in &manifests {
            let damage = match (manifest.file(), stamps.get(&manifest.id)) {
                (None, None) => None,
                (None, Some(_)) => Some(Damage::Unexpected),
                (Some(_), None) => Some(Damage::Missing),
                (Some(file), Some(stamp)) if stamp.bytes != file.bytes => Some(Damage::Size {
                    expected: file.bytes,
                    found: stamp.bytes,
                }),
                (Some(file), Some(stamp)) => match unread.remove(&manifest.id) {
                    Some(error) => Some(Damage::Unread(error)),
                    None => match hashes.hash(&path(lake, file), stamp) {
                        Some(hash) if hash == file.blake3 => None,
                        Some(_) => Some(Damage::Content),
                        None => Some(Damage::Missing),
                    },
                },
            };
            damaged.extend(damage.map(|damage| (manifest.id.clone(), damage)));
        }
        hashes.save(lake).await;
        let mut state = Self {
            lake: lake.clone(),
            manifests: BTreeMap::new(),
            damaged,
            hashes,
        };
        for manifest in manifests {
            state.insert(manifest);
        }
        Ok(state)
    }

    /// Has the lake keep the hashes of the partitions made since.
    pub(crate) async fn save_hashes(&mut self) {
        let lake = self.lake.clone();
        self.hashes.save(&lake).await;
    }

    /// Takes note of a partition just made, whose file has this stamp if the
    /// store tells.
    pub(crate) fn put(&mut self, manifest: Manifest, stamp: Option<Stamp>) {
        self.damaged.remove(&manifest.id);
        if let (Some(file), Some(stamp)) = (manifest.file(), stamp) {
            let path = path(&self.lake, file);
            self.hashes.insert(path, stamp, file.blake3.clone());
        }
        self.insert(manifest);
    }

    fn insert(&mut self, manifest: Manifest) {
        let dates = self.manifests.entry(manifest.id.table.clone());
        dates.or_default().insert(manifest.id.date, manifest);
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

    /// Every manifest.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Manifest> {
        self.manifests.values().flat_map(BTreeMap::values)
    }

    /// Every date of every table.
    pub(crate) fn all_dates(&self) -> BTreeSet<SnapshotDate> {
        self.manifests
            .values()
            .flat_map(|dates| dates.keys().copied())
            .collect()
    }

    /// The snapshots of `table` that a job at `date` reads under `history`, each
    /// with the days of its window if it is read for one. None of them is later
    /// than `date`. Those of several windows are there once for each.
    pub(crate) fn history(
        &self,
        table: &TableName,
        date: SnapshotDate,
        history: &History,
    ) -> Vec<(u32, &Manifest)> {
        let windows = history.windows();
        if !windows.is_empty() {
            let own = self.readable(&PartitionId::new(table.clone(), date));
            let in_windows = windows
                .iter()
                .filter_map(|days| Some((*days, self.in_window(table, date, history, *days)?)));
            return own
                .map(|own| (0, own))
                .into_iter()
                .chain(in_windows)
                .collect();
        }
        let found = self.latest(table, date, history);
        found.into_iter().map(|manifest| (0, manifest)).collect()
    }

    /// The snapshots that are chosen by their order, oldest first.
    fn latest(&self, table: &TableName, date: SnapshotDate, history: &History) -> Vec<&Manifest> {
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
            History::Days(_) | History::AtLeast(_) => Vec::new(),
            History::Last(count) => {
                let mut found = upto(date, true);
                let count = usize::try_from(*count).unwrap_or(usize::MAX);
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
                let read = self.history(input, id.date, history).into_iter();
                let read = read.filter(|(_, manifest)| manifest.id != *id);
                for (window, manifest) in read {
                    let part = match window {
                        0 => format!("{input}@{}", manifest.id.date),
                        days => format!("{input}@{} ({days} days before)", manifest.id.date),
                    };
                    parts.add_hash(part, content(manifest));
                }
            } else {
                let input_id = PartitionId::new(input.clone(), id.date);
                let manifest = self
                    .manifest(&input_id)
                    .filter(|_| !self.is_damaged(&input_id));
                let manifest = manifest.ok_or(Absent(input_id.clone()))?;
                parts.add_hash(fingerprint::table_part(input), content(manifest));
            }
        }
        Ok(parts)
    }

    /// What to tell of a partition that `reader` needs and that is not there:
    /// why, and what makes it.
    pub(crate) fn absence(
        &self,
        resolved: &Resolved,
        absent: &PartitionId,
        reader: &TableName,
    ) -> String {
        let PartitionId { table, date } = absent;
        let recipe = resolved.recipes.get(table);
        let ingested = recipe.is_some_and(|recipe| matches!(recipe.origin, Origin::Ingest(_)));
        let source = self.manifest(absent).and_then(|m| m.facts.source.as_ref());
        match (self.damage(absent), source) {
            (Some(damage), Some(source)) => format!(
                "{table} of {date} cannot be read ({damage}), and was made from {}: read that \
                 again with `--source {} --dates {date}`",
                source.location, source.name
            ),
            (Some(damage), None) => {
                format!("{table} of {date} cannot be read ({damage}); select it too (`+{reader}`)")
            }
            (None, _) if ingested => {
                format!(
                    "{table} has no snapshot of {date}; give a source that has one (`--source`) \
                     and select it too (`+{reader}`)"
                )
            }
            (None, _) => format!(
                "{table} has no snapshot of {date}; select it too (`+{reader}`), or give a source"
            ),
        }
    }
}

/// By what a partition's file is known to the cache. A lake that was moved or
/// copied is read anew.
fn path(lake: &Lake, file: &FileFacts) -> String {
    lake.locate(&file.file).to_string()
}

/// What stands for a partition's content in the fingerprints of what is made
/// from it.
fn content(manifest: &Manifest) -> String {
    match manifest.file() {
        Some(file) => file.blake3.clone(),
        None => "skipped".to_owned(),
    }
}
