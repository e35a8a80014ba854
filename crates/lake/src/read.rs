//! What is in a lake.

use std::collections::BTreeMap;

use bytes::Bytes;
use hubcensus_spec::{PartitionId, SnapshotDate, TableName};

use crate::error::{Error, Result};
use crate::lake::Lake;
use crate::layout;
use crate::manifest::{FileFacts, Manifest};
use crate::stamp::Stamp;

impl Lake {
    /// Whether there is a lake at the address: whether anything was ever committed there.
    ///
    /// # Errors
    /// The store's.
    pub async fn exists(&self) -> Result<bool> {
        self.place().is_lake().await
    }

    /// Sees that there is a lake at the address.
    ///
    /// # Errors
    /// [`Error::NoLake`]; the store's errors.
    pub async fn require(&self) -> Result<()> {
        if self.exists().await? {
            return Ok(());
        }
        let why = match self.local_root() {
            Some(root) if !root.exists() => "there is no such directory",
            Some(_) => "the directory has no `_manifests`",
            None => "nothing is there under `_manifests`",
        };
        Err(Error::NoLake {
            address: self.address().to_owned(),
            why: why.to_owned(),
        })
    }

    /// The manifest of a partition; `None` if there is none, or none that can be read.
    ///
    /// # Errors
    /// [`Error::NewerFormat`]; the disk's and the store's errors.
    pub async fn manifest(&self, id: &PartitionId) -> Result<Option<Manifest>> {
        let path = layout::manifest(id);
        let Some(json) = self.place().read(&path).await? else {
            return Ok(None);
        };
        readable(&path, id, &json)
    }

    /// All manifests that can be read, sorted by table and date.
    ///
    /// # Errors
    /// As [`Lake::manifest`].
    pub async fn manifests(&self) -> Result<Vec<Manifest>> {
        self.manifests_where(|_| true).await
    }

    /// The manifests that can be read of those partitions that are asked for, sorted by table and
    /// date. Others are not opened.
    ///
    /// # Errors
    /// As [`Lake::manifest`].
    pub async fn manifests_where(
        &self,
        is_asked_for: impl Fn(&PartitionId) -> bool,
    ) -> Result<Vec<Manifest>> {
        self.manifests_under(layout::MANIFESTS, is_asked_for).await
    }

    /// The manifests of one table, sorted by date.
    ///
    /// # Errors
    /// As [`Lake::manifest`].
    pub async fn manifests_of(&self, table: &TableName) -> Result<Vec<Manifest>> {
        self.manifests_under(&layout::manifests_of(table), |_| true)
            .await
    }

    /// The manifest of the table's latest date before `id`'s, if there is any that can be read.
    ///
    /// # Errors
    /// As [`Lake::manifest`].
    pub async fn manifest_before(&self, id: &PartitionId) -> Result<Option<Manifest>> {
        let entries = self.place().list(&layout::manifests_of(&id.table)).await?;
        let earlier = entries
            .iter()
            .filter_map(|entry| layout::manifest_of(&entry.path))
            .filter(|other| other.table == id.table && other.date < id.date);
        match earlier.max() {
            Some(latest) => self.manifest(&latest).await,
            None => Ok(None),
        }
    }

    async fn manifests_under(
        &self,
        prefix: &str,
        is_asked_for: impl Fn(&PartitionId) -> bool,
    ) -> Result<Vec<Manifest>> {
        let entries = self.place().list(prefix).await?;
        let paths = entries
            .into_iter()
            .map(|entry| entry.path)
            .filter(|path| layout::manifest_of(path).is_some_and(|id| is_asked_for(&id)));
        let mut manifests = Vec::new();
        for (path, json) in self.place().read_all(paths.collect()).await? {
            if let Some(id) = layout::manifest_of(&path) {
                manifests.extend(readable(&path, &id, &json)?);
            }
        }
        manifests.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(manifests)
    }

    /// The dates of which rows of a table were set aside, ascending, whether its partition was
    /// committed or not.
    ///
    /// # Errors
    /// The disk's and the store's.
    pub async fn rejected_dates(&self, table: &TableName) -> Result<Vec<SnapshotDate>> {
        let entries = self.place().list(&layout::rejected_of(table)).await?;
        let ids = entries
            .iter()
            .filter_map(|entry| layout::rejected_rows_of(&entry.path))
            .filter(|id| id.table == *table);
        let mut dates: Vec<SnapshotDate> = ids.map(|id| id.date).collect();
        dates.sort_unstable();
        Ok(dates)
    }

    /// The Parquet file of the rows of a snapshot that were set aside; `None` if none were.
    ///
    /// # Errors
    /// The disk's and the store's.
    pub async fn rejected_rows(&self, id: &PartitionId) -> Result<Option<Bytes>> {
        self.place().read(&layout::rejected_rows(id)).await
    }

    /// The tables of which there is any manifest, sorted.
    ///
    /// # Errors
    /// The disk's and the store's.
    pub async fn tables(&self) -> Result<Vec<TableName>> {
        let entries = self.place().list(layout::MANIFESTS).await?;
        let ids = entries
            .iter()
            .filter_map(|entry| layout::manifest_of(&entry.path));
        let mut tables: Vec<TableName> = ids.map(|id| id.table).collect();
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
            .map(|manifest| manifest.id.date)
            .collect())
    }

    /// The stamps of those partitions that have a file. Their files are looked at but not read; a
    /// bucket is asked once for each table.
    ///
    /// # Errors
    /// The disk's and the store's.
    pub async fn stamps<'a>(
        &self,
        ids: impl IntoIterator<Item = &'a PartitionId>,
    ) -> Result<BTreeMap<PartitionId, Stamp>> {
        let mut folders: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut parts = BTreeMap::new();
        for id in ids {
            let part = layout::part(id);
            let folder = folders.entry(layout::table(&id.table)).or_default();
            folder.push(part.clone());
            parts.insert(part, id.clone());
        }
        let found = self.place().stamps(folders).await?;
        let found = found
            .into_iter()
            .filter_map(|(part, stamp)| Some((parts.remove(&part)?, stamp)));
        Ok(found.collect())
    }

    /// Whether the partition is as its manifest says, judged by presence and size. Since a
    /// manifest never stands beside a file of another make, only damage from outside escapes
    /// this; [`Lake::verify`] reads the bytes.
    ///
    /// # Errors
    /// The disk's and the store's.
    pub async fn intact(&self, manifest: &Manifest) -> Result<bool> {
        let expected = manifest.file().map(|file| file.bytes);
        let found = self.place().size(&layout::part(&manifest.id)).await?;
        Ok(found == expected)
    }

    /// The blake3 of a partition's file, in hexadecimal; `None` if there is no such file.
    ///
    /// # Errors
    /// The disk's and the store's.
    pub async fn hash(&self, file: &FileFacts) -> Result<Option<String>> {
        let found = self.place().hash(&file.file).await?;
        Ok(found.map(|(_, hash)| hash))
    }
}

fn readable(path: &str, id: &PartitionId, json: &[u8]) -> Result<Option<Manifest>> {
    match Manifest::from_json(path, id, json)? {
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
