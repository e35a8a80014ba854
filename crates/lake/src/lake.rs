//! What is in a lake, and where.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use hubcensus_spec::{SnapshotDate, TableName};
use object_store::ObjectStore;
use object_store::path::Path;
use url::Url;

use crate::address;
use crate::error::{Error, Result};
use crate::layout;
use crate::lock::{self, LakeLock, Lease};
use crate::manifest::{Contents, Facts, FileFacts, Manifest};
use crate::place::Place;
use crate::stage::{self, FileSpec, Stage};

/// A directory or a bucket full of tables, one Parquet file per table and snapshot date.
///
/// Cheap to clone; every clone is the same lake.
#[derive(Clone, Debug)]
pub struct Lake(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    address: String,
    store_url: Url,
    place: Place,
    /// The lease of this process, where the lock is one that can be lost.
    lease: Mutex<Option<Arc<Lease>>>,
}

impl Lake {
    /// The lake at `address`: a local path, `file://`, `memory://` (empty, and gone with the last
    /// clone), or, with the feature `cloud`, whatever else `object_store` reaches (`s3://`,
    /// `gs://`, `az://`, `http(s)://`), configured by its environment variables.
    ///
    /// Nothing is created before something is written.
    ///
    /// # Errors
    /// [`Error::Address`].
    pub async fn open(address: &str) -> Result<Self> {
        let resolved = address::resolve(address)?;
        let place = Place::new(resolved.store, resolved.root, resolved.local_root);
        Ok(Self::new(address.to_owned(), resolved.store_url, place))
    }

    /// The lake that begins at `root` in `store`. Give `local_root`, the same place as a
    /// directory, if the store is the local disk: only so are files made to survive a loss of
    /// power.
    ///
    /// # Errors
    /// None that can be met: the signature follows from that of `Url::parse`.
    pub fn on(
        store: Arc<dyn ObjectStore>,
        root: Path,
        local_root: Option<PathBuf>,
    ) -> Result<Self> {
        let address = match &local_root {
            Some(directory) => directory.display().to_string(),
            None => format!("{store} at /{root}"),
        };
        let url = if local_root.is_some() {
            "file:///"
        } else {
            "lake:///"
        };
        let store_url = Url::parse(url).map_err(|error| Error::Address {
            address: address.clone(),
            why: error.to_string(),
        })?;
        let place = Place::new(store, root, local_root);
        Ok(Self::new(address, store_url, place))
    }

    fn new(address: String, store_url: Url, place: Place) -> Self {
        Self(Arc::new(Inner {
            address,
            store_url,
            place,
            lease: Mutex::new(None),
        }))
    }

    /// The address, as it was given.
    pub fn address(&self) -> &str {
        &self.0.address
    }

    /// The store that holds the tables.
    pub fn store(&self) -> &Arc<dyn ObjectStore> {
        self.0.place.store()
    }

    /// The URL, without a path, under which an engine can register the store.
    pub fn store_url(&self) -> &Url {
        &self.0.store_url
    }

    /// The directory, if the lake is one.
    pub fn local_root(&self) -> Option<&std::path::Path> {
        self.0.place.local_root()
    }

    /// Where a file is in the store, given its path relative to the lake, as manifests have it.
    pub fn locate(&self, file: &str) -> Path {
        self.0.place.object(file)
    }

    /// Makes this process the only one that writes. On a disk the system gives the lock back when
    /// the process ends, however it ends; elsewhere it is a lease that is renewed while the lock is
    /// held and runs out after.
    ///
    /// # Errors
    /// [`Error::Locked`] with who holds it; [`Error::LockUnsupported`] where the store cannot tell
    /// the first of two writers.
    pub async fn lock(&self) -> Result<LakeLock> {
        lock::acquire(self, lock::LEASE).await
    }

    /// The manifest of a partition; `None` if there is none, or none that can be read.
    ///
    /// # Errors
    /// [`Error::NewerFormat`]; the disk's and the store's errors.
    pub async fn manifest(
        &self,
        table: &TableName,
        date: SnapshotDate,
    ) -> Result<Option<Manifest>> {
        let path = layout::manifest(table, date);
        let Some(json) = self.place().read(&path).await? else {
            return Ok(None);
        };
        readable(&path, table, date, &json)
    }

    /// All manifests that can be read, sorted by table and date.
    ///
    /// # Errors
    /// As [`Lake::manifest`].
    pub async fn manifests(&self) -> Result<Vec<Manifest>> {
        self.manifests_where(|_, _| true).await
    }

    /// The manifests that can be read of those partitions that are asked for, sorted by table and
    /// date. Others are not opened.
    ///
    /// # Errors
    /// As [`Lake::manifest`].
    pub async fn manifests_where(
        &self,
        is_asked_for: impl Fn(&TableName, SnapshotDate) -> bool,
    ) -> Result<Vec<Manifest>> {
        self.manifests_under(layout::MANIFESTS, is_asked_for).await
    }

    /// The manifests of one table, sorted by date.
    ///
    /// # Errors
    /// As [`Lake::manifest`].
    pub async fn manifests_of(&self, table: &TableName) -> Result<Vec<Manifest>> {
        let folder = layout::manifests_of(table);
        self.manifests_under(&folder, |_, _| true).await
    }

    async fn manifests_under(
        &self,
        prefix: &str,
        is_asked_for: impl Fn(&TableName, SnapshotDate) -> bool,
    ) -> Result<Vec<Manifest>> {
        let entries = self.place().list(prefix).await?;
        let paths = entries.into_iter().map(|entry| entry.path).filter(|path| {
            layout::manifest_of(path).is_some_and(|(table, date)| is_asked_for(&table, date))
        });
        let mut manifests = Vec::new();
        for (path, json) in self.place().read_all(paths.collect()).await? {
            if let Some((table, date)) = layout::manifest_of(&path) {
                manifests.extend(readable(&path, &table, date, &json)?);
            }
        }
        manifests.sort_by(|a, b| (&a.table, a.date).cmp(&(&b.table, b.date)));
        Ok(manifests)
    }

    /// The tables of which there is any manifest, sorted.
    ///
    /// # Errors
    /// The disk's and the store's.
    pub async fn tables(&self) -> Result<Vec<TableName>> {
        let entries = self.place().list(layout::MANIFESTS).await?;
        let tables = entries
            .iter()
            .filter_map(|entry| layout::manifest_of(&entry.path));
        let mut tables: Vec<TableName> = tables.map(|(table, _)| table).collect();
        tables.sort();
        tables.dedup();
        Ok(tables)
    }

    /// The dates of which the table has a file, ascending.
    ///
    /// # Errors
    /// As [`Lake::manifest`].
    pub async fn dates(&self, table: &TableName) -> Result<Vec<SnapshotDate>> {
        let manifests = self.manifests_of(table).await?;
        Ok(manifests
            .iter()
            .filter(|manifest| manifest.file().is_some())
            .map(|manifest| manifest.date)
            .collect())
    }

    /// Whether the partition is as its manifest says, judged by presence and size. Since a
    /// manifest never stands beside a file of another make, only damage from outside escapes
    /// this; [`Lake::verify`] reads the bytes.
    ///
    /// # Errors
    /// The disk's and the store's.
    pub async fn intact(&self, manifest: &Manifest) -> Result<bool> {
        let expected = manifest.file().map(|file| file.bytes);
        let path = layout::part(&manifest.table, manifest.date);
        Ok(self.place().size(&path).await? == expected)
    }

    /// The blake3 of a partition's file, in hexadecimal; `None` if there is no such file.
    ///
    /// # Errors
    /// The disk's and the store's.
    pub async fn hash(&self, file: &FileFacts) -> Result<Option<String>> {
        let found = self.place().hash(&file.file).await?;
        Ok(found.map(|(_, hash)| hash))
    }

    /// Begins a new file for a partition.
    ///
    /// # Errors
    /// [`Error::Type`] and [`Error::FileSpec`] if no such file can be.
    pub async fn stage(
        &self,
        table: &TableName,
        date: SnapshotDate,
        spec: FileSpec,
    ) -> Result<Stage> {
        Stage::new(self, table, date, spec).await
    }

    /// Records that the table cannot be made of a snapshot, and removes an older file of it.
    ///
    /// # Errors
    /// [`Error::LockLost`]; the disk's and the store's errors.
    pub async fn skip(
        &self,
        table: &TableName,
        date: SnapshotDate,
        reason: &str,
        facts: Facts,
    ) -> Result<Manifest> {
        self.ensure_writer()?;
        let manifest = Manifest {
            table: table.clone(),
            date,
            contents: Contents::Skipped {
                reason: reason.to_owned(),
            },
            facts,
        };
        self.clear_rejected(table, date).await?;
        // The file first: cut off here, the old manifest lacks its file, and the partition counts
        // as absent.
        self.place().remove(&layout::part(table, date)).await?;
        self.place()
            .replace(&layout::manifest(table, date), manifest.to_json())
            .await?;
        Ok(manifest)
    }

    /// Removes a partition and everything kept about it; says whether there was one.
    ///
    /// # Errors
    /// [`Error::LockLost`]; the disk's and the store's errors.
    pub async fn remove(&self, table: &TableName, date: SnapshotDate) -> Result<bool> {
        self.ensure_writer()?;
        let file = self.place().remove(&layout::part(table, date)).await?;
        let manifest = self.place().remove(&layout::manifest(table, date)).await?;
        self.clear_rejected(table, date).await?;
        self.place()
            .remove(&layout::rejected_rows(table, date))
            .await?;
        Ok(file || manifest)
    }

    /// Keeps the rows that were set aside on their way in, of whatever types, for people to look
    /// at; removes those of an earlier run when there are none. Gives the file, relative to the
    /// lake's root.
    ///
    /// # Errors
    /// [`Error::LockLost`]; the disk's and the store's errors.
    pub async fn put_rejected_rows(
        &self,
        table: &TableName,
        date: SnapshotDate,
        batches: &[RecordBatch],
    ) -> Result<String> {
        self.ensure_writer()?;
        let path = layout::rejected_rows(table, date);
        stage::write_plain(self, table, date, batches, &path).await?;
        Ok(path)
    }

    /// Keeps a small file of the engine's own, such as the hashes of files it has seen. It may be
    /// lost; nothing may depend on it but time.
    ///
    /// # Errors
    /// [`Error::FileName`]; the disk's and the store's errors.
    pub async fn put_side(&self, name: &str, bytes: Vec<u8>) -> Result<()> {
        self.place().replace(&layout::side(name)?, bytes).await
    }

    /// What [`Lake::put_side`] kept; `None` if nothing.
    ///
    /// # Errors
    /// [`Error::FileName`]; the disk's and the store's errors.
    pub async fn get_side(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let found = self.place().read(&layout::side(name)?).await?;
        Ok(found.map(Vec::from))
    }

    pub(crate) fn place(&self) -> &Place {
        &self.0.place
    }

    pub(crate) fn set_lease(&self, lease: Option<Arc<Lease>>) {
        *self.0.lease.lock().unwrap_or_else(PoisonError::into_inner) = lease;
    }

    /// Refuses to write once the lock was lost.
    pub(crate) fn ensure_writer(&self) -> Result<()> {
        let lease = self.0.lease.lock().unwrap_or_else(PoisonError::into_inner);
        match lease.as_ref().and_then(|lease| lease.lost()) {
            Some(why) => Err(Error::LockLost {
                lake: self.0.address.clone(),
                why,
            }),
            None => Ok(()),
        }
    }

    /// Removes what an earlier check refused; the rows set aside on their way in stay.
    pub(crate) async fn clear_rejected(&self, table: &TableName, date: SnapshotDate) -> Result<()> {
        let rows = layout::rejected_rows(table, date);
        for entry in self.place().list(&layout::rejected(table, date)).await? {
            if entry.path != rows {
                self.place().remove(&entry.path).await?;
            }
        }
        Ok(())
    }
}

fn readable(
    path: &str,
    table: &TableName,
    date: SnapshotDate,
    json: &[u8],
) -> Result<Option<Manifest>> {
    match Manifest::from_json(path, table, date, json)? {
        Ok(manifest) => Ok(Some(manifest)),
        Err(why) => {
            tracing::warn!(
                path,
                why,
                "a manifest cannot be read; its partition counts as absent"
            );
            Ok(None)
        }
    }
}
