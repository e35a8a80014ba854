//! What a lake asks of the place where it lies, be it a disk or an object store.
//!
//! Names are relative to the lake's root, with `/` between their parts.

pub(crate) mod bucket;
pub(crate) mod disk;
pub(crate) mod file;

use std::collections::BTreeMap;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use object_store::ObjectStore;
use object_store::path::Path;

#[cfg(test)]
use crate::crash::Faults;
use crate::error::{Error, Result};
use crate::layout;
use crate::place::disk::Disk;
use crate::place::file::{Entry, Scratch};
use crate::stamp::Stamp;

/// Requests under way at a time where each is a round trip.
const IN_FLIGHT: usize = 64;
/// Fewer files than this are read by one thread.
const FILES_PER_THREAD: usize = 200;

/// Bytes that have only to be put in their place.
#[derive(Debug)]
pub(crate) enum Ready {
    /// In a file on the local disk.
    File(Scratch),
    /// In memory.
    Bytes(Vec<u8>),
}

/// What is known of a file that was put in its place.
#[derive(Debug)]
pub(crate) enum Published {
    OnDisk(Stamp),
    /// The version that the store gave it, if it gives any.
    InBucket(Option<String>),
}

#[derive(Clone, Debug)]
pub(crate) struct Place {
    store: Arc<dyn ObjectStore>,
    root: Path,
    disk: Option<Disk>,
    #[cfg(test)]
    pub(crate) faults: Faults,
}

impl Place {
    pub(crate) fn new(
        store: Arc<dyn ObjectStore>,
        root: Path,
        local_root: Option<PathBuf>,
    ) -> Self {
        let disk = local_root.map(Disk::new);
        Self {
            store,
            root,
            #[cfg(test)]
            faults: disk
                .as_ref()
                .map_or_else(Faults::default, |disk| disk.faults.clone()),
            disk,
        }
    }

    pub(crate) fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    pub(crate) fn disk(&self) -> Option<&Disk> {
        self.disk.as_ref()
    }

    pub(crate) fn local_root(&self) -> Option<&FilePath> {
        self.disk().map(Disk::root)
    }

    /// Where `relative` is in the store.
    pub(crate) fn object(&self, relative: &str) -> Path {
        relative
            .split('/')
            .filter(|part| !part.is_empty())
            .fold(self.root.clone(), |path, part| path.join(part))
    }

    /// Whether a lake lies here: whether there is a folder of manifests.
    pub(crate) async fn is_lake(&self) -> Result<bool> {
        match self.disk.clone() {
            Some(disk) => blocking(move || Ok(disk.has_dir(layout::MANIFESTS))).await,
            None => bucket::has_any(&self.store, &self.object(layout::MANIFESTS)).await,
        }
    }

    /// A new file to be written and then published, on the lake's own disk if it has one.
    pub(crate) async fn scratch(&self, prefix: String) -> Result<Scratch> {
        const SUFFIX: &str = ".parquet";
        match self.disk.clone() {
            Some(disk) => blocking(move || disk.scratch(&prefix, SUFFIX)).await,
            None => {
                let new = move || disk::scratch(&std::env::temp_dir(), &prefix, SUFFIX);
                Ok(Scratch::new(blocking(new).await?))
            }
        }
    }

    pub(crate) async fn read(&self, relative: &str) -> Result<Option<Bytes>> {
        match self.on_disk(relative) {
            Some((disk, relative)) => {
                let read = blocking(move || disk.read(&relative));
                Ok(read.await?.map(Bytes::from))
            }
            None => bucket::read(&*self.store, &self.object(relative)).await,
        }
    }

    /// What the files contain, in their order; one that is gone meanwhile is left out.
    pub(crate) async fn read_all(&self, paths: Vec<String>) -> Result<Vec<(String, Bytes)>> {
        if let Some(disk) = self.disk.clone() {
            let read = move |path: &String| {
                let bytes = disk.read(path)?;
                Ok(bytes.map(|bytes| (path.clone(), Bytes::from(bytes))))
            };
            return blocking(move || on_threads(&paths, read)).await;
        }
        futures::stream::iter(paths)
            .map(async |path| Ok(self.read(&path).await?.map(|bytes| (path, bytes))))
            .buffered(IN_FLIGHT)
            .try_filter_map(|found| std::future::ready(Ok(found)))
            .try_collect()
            .await
    }

    pub(crate) async fn size(&self, relative: &str) -> Result<Option<u64>> {
        match self.on_disk(relative) {
            Some((disk, relative)) => {
                let stamp = blocking(move || disk.stamp(&relative)).await?;
                Ok(stamp.map(|stamp| stamp.bytes))
            }
            None => bucket::size(&*self.store, &self.object(relative)).await,
        }
    }

    /// The stamps of those files that are there, of files in folders of which `folders` names the
    /// common ones. A bucket is asked once for each folder, and only for names from the first that
    /// is wanted on; asking for each file takes many times as long.
    pub(crate) async fn stamps(
        &self,
        folders: BTreeMap<String, Vec<String>>,
    ) -> Result<BTreeMap<String, Stamp>> {
        if let Some(disk) = self.disk.clone() {
            let stamp =
                move |path: &String| Ok(disk.stamp(path)?.map(|stamp| (path.clone(), stamp)));
            let paths: Vec<String> = folders.into_values().flatten().collect();
            let found = blocking(move || on_threads(&paths, stamp)).await?;
            return Ok(found.into_iter().collect());
        }
        let listed: Vec<Vec<(String, Stamp)>> = futures::stream::iter(folders)
            .map(async |(folder, files)| {
                let Some(first) = files.iter().min() else {
                    return Ok(Vec::new());
                };
                // What is listed comes behind this.
                let before = first.rsplit_once('/').map_or("", |(folder, _)| folder);
                let (folder, before) = (self.object(&folder), self.object(before));
                bucket::stamps(&self.store, &self.root, &folder, &before).await
            })
            .buffered(IN_FLIGHT)
            .try_collect()
            .await?;
        Ok(listed.into_iter().flatten().collect())
    }

    pub(crate) async fn list(&self, prefix: &str) -> Result<Vec<Entry>> {
        match self.on_disk(prefix) {
            Some((disk, prefix)) => blocking(move || disk.list(&prefix)).await,
            None => bucket::list(&self.store, &self.root, &self.object(prefix)).await,
        }
    }

    pub(crate) async fn hash(&self, relative: &str) -> Result<Option<(u64, String)>> {
        match self.on_disk(relative) {
            Some((disk, relative)) => blocking(move || disk.hash(&relative)).await,
            None => bucket::hash(&*self.store, &self.object(relative)).await,
        }
    }

    /// Does what can fail before `bytes` are put at `relative`.
    pub(crate) async fn ready_bytes(&self, bytes: Vec<u8>, relative: &str) -> Result<Ready> {
        match self.on_disk(relative) {
            Some((disk, relative)) => {
                let ready = blocking(move || disk.ready_bytes(&bytes, &relative));
                Ok(Ready::File(ready.await?))
            }
            None => Ok(Ready::Bytes(bytes)),
        }
    }

    /// Does what can fail before a finished file is put at `relative`.
    pub(crate) async fn ready_file(&self, scratch: Scratch, relative: &str) -> Result<Ready> {
        match self.on_disk(relative) {
            Some((disk, relative)) => {
                let ready = blocking(move || disk.ready(scratch, &relative));
                Ok(Ready::File(ready.await?))
            }
            None => Ok(Ready::File(scratch)),
        }
    }

    /// Puts what is ready in the place of what is there, in one step.
    pub(crate) async fn publish(&self, ready: Ready, relative: &str) -> Result<Published> {
        if let Some((disk, relative)) = self.on_disk(relative) {
            let publish = move || match ready {
                Ready::File(scratch) => disk.publish(scratch, &relative),
                Ready::Bytes(bytes) => {
                    let scratch = disk.ready_bytes(&bytes, &relative)?;
                    disk.publish(scratch, &relative)
                }
            };
            return Ok(Published::OnDisk(blocking(publish).await?));
        }
        let path = self.object(relative);
        self.fault("put", relative)?;
        let version = match ready {
            Ready::File(scratch) => bucket::upload(&*self.store, &scratch.path, &path).await?,
            Ready::Bytes(bytes) => bucket::replace(&*self.store, &path, bytes.into()).await?,
        };
        self.fault("answer to a put", relative)?;
        Ok(Published::InBucket(version))
    }

    /// Puts `bytes` in the place of what is there, in one step.
    pub(crate) async fn replace(&self, relative: &str, bytes: Vec<u8>) -> Result<()> {
        self.publish(Ready::Bytes(bytes), relative).await?;
        Ok(())
    }

    /// The stamp of a file that was published, if what is there is still that.
    pub(crate) async fn stamp_of(&self, published: Published, relative: &str) -> Option<Stamp> {
        let version = match published {
            Published::OnDisk(stamp) => return Some(stamp),
            Published::InBucket(version) => version?,
        };
        let stamp = bucket::stamp(&*self.store, &self.object(relative)).await;
        stamp.filter(|stamp| stamp.version.as_ref() == Some(&version))
    }

    /// Removes a file; says whether it was there.
    pub(crate) async fn remove(&self, relative: &str) -> Result<bool> {
        if let Some((disk, relative)) = self.on_disk(relative) {
            return blocking(move || disk.remove(&relative)).await;
        }
        self.fault("remove", relative)?;
        let removed = bucket::remove(&*self.store, &self.object(relative)).await?;
        self.fault("answer to a removal", relative)?;
        Ok(removed)
    }

    /// Removes what is in staging, and says how many files that were.
    pub(crate) async fn sweep(&self) -> Result<usize> {
        if let Some(disk) = self.disk.clone() {
            return blocking(move || disk.sweep()).await;
        }
        let entries = self.list(layout::STAGING).await?;
        for entry in &entries {
            self.remove(&entry.path).await?;
        }
        Ok(entries.len())
    }

    fn on_disk(&self, relative: &str) -> Option<(Disk, String)> {
        Some((self.disk.clone()?, relative.to_owned()))
    }

    /// Called around each change of a bucket; tests have it fail.
    #[cfg(test)]
    fn fault(&self, operation: &'static str, relative: &str) -> Result<()> {
        let failed = self.faults.before(operation);
        failed.map_err(Error::io(operation, FilePath::new(relative)))
    }

    #[cfg(not(test))]
    #[expect(
        clippy::unnecessary_wraps,
        clippy::unused_self,
        reason = "the tests' variant fails"
    )]
    fn fault(&self, _operation: &'static str, _relative: &str) -> Result<()> {
        Ok(())
    }
}

/// What `look` finds at the paths, in their order; looked at by several threads if they are many.
fn on_threads<T: Send>(
    paths: &[String],
    look: impl Fn(&String) -> Result<Option<T>> + Sync,
) -> Result<Vec<T>> {
    let look_at = |paths: &[String]| -> Result<Vec<T>> {
        let found = paths.iter().filter_map(|path| look(path).transpose());
        found.collect()
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = paths.len().div_ceil(threads).max(FILES_PER_THREAD);
    std::thread::scope(|scope| {
        let readers: Vec<_> = paths
            .chunks(share)
            .map(|paths| scope.spawn(|| look_at(paths)))
            .collect();
        let mut found = Vec::with_capacity(paths.len());
        for reader in readers {
            found.extend(reader.join().map_err(|_| Error::Thread("a reader"))??);
        }
        Ok(found)
    })
}

pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| Error::Thread("a thread of the disk"))?
}
