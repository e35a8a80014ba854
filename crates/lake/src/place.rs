//! What a lake asks of the place where it lies, be it a disk or an object store.
//!
//! Names are relative to the lake's root, with `/` between their parts.

use std::fs::File;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use object_store::ObjectStore;
use object_store::path::Path;
use tempfile::TempPath;

use crate::error::{Error, Result};
use crate::{bucket, disk, layout};

/// Requests under way at a time where each is a round trip.
const IN_FLIGHT: usize = 64;
/// Fewer files than this are read by one thread.
const FILES_PER_THREAD: usize = 200;

/// A file that is there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    pub(crate) path: String,
    pub(crate) bytes: u64,
}

/// A finished file outside the tables, removed when dropped.
#[derive(Debug)]
pub(crate) struct Scratch {
    pub(crate) file: File,
    pub(crate) path: TempPath,
}

#[derive(Clone, Debug)]
pub(crate) struct Place {
    store: Arc<dyn ObjectStore>,
    root: Path,
    local_root: Option<Arc<PathBuf>>,
    #[cfg(test)]
    pub(crate) power: crate::crash::Power,
}

impl Place {
    pub(crate) fn new(
        store: Arc<dyn ObjectStore>,
        root: Path,
        local_root: Option<PathBuf>,
    ) -> Self {
        Self {
            store,
            root,
            local_root: local_root.map(Arc::new),
            #[cfg(test)]
            power: crate::crash::Power::default(),
        }
    }

    pub(crate) fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    pub(crate) fn local_root(&self) -> Option<&FilePath> {
        self.local_root.as_ref().map(|root| root.as_path())
    }

    /// Where `relative` is in the store.
    pub(crate) fn object(&self, relative: &str) -> Path {
        relative
            .split('/')
            .filter(|part| !part.is_empty())
            .fold(self.root.clone(), |path, part| path.join(part))
    }

    /// A new file to be written and then published, on the lake's own disk if it has one.
    pub(crate) async fn scratch(&self, prefix: String) -> Result<Scratch> {
        let dir = self
            .local_root()
            .map_or_else(std::env::temp_dir, |root| disk::join(root, layout::STAGING));
        let file = blocking(move || {
            disk::create_dirs(&dir)?;
            disk::scratch(&dir, &prefix, ".parquet")
        })
        .await?;
        let (file, path) = file.into_parts();
        Ok(Scratch { file, path })
    }

    pub(crate) async fn read(&self, relative: &str) -> Result<Option<Bytes>> {
        match self.local(relative) {
            Some(path) => Ok(blocking(move || disk::read(&path)).await?.map(Bytes::from)),
            None => bucket::read(&*self.store, &self.object(relative)).await,
        }
    }

    /// What the files contain, in their order; one that is gone meanwhile is left out.
    pub(crate) async fn read_all(&self, paths: Vec<String>) -> Result<Vec<(String, Bytes)>> {
        if let Some(root) = self.local_root.clone() {
            return blocking(move || read_all_local(&root, paths)).await;
        }
        futures::stream::iter(paths)
            .map(async |path| Ok(self.read(&path).await?.map(|bytes| (path, bytes))))
            .buffered(IN_FLIGHT)
            .try_filter_map(|found| std::future::ready(Ok(found)))
            .try_collect()
            .await
    }

    pub(crate) async fn size(&self, relative: &str) -> Result<Option<u64>> {
        match self.local(relative) {
            Some(path) => blocking(move || disk::size(&path)).await,
            None => bucket::size(&*self.store, &self.object(relative)).await,
        }
    }

    pub(crate) async fn list(&self, prefix: &str) -> Result<Vec<Entry>> {
        if let Some(root) = self.local_root.clone() {
            let prefix = prefix.to_owned();
            return blocking(move || disk::list(&root, &prefix)).await;
        }
        bucket::list(&self.store, &self.root, &self.object(prefix)).await
    }

    pub(crate) async fn hash(&self, relative: &str) -> Result<Option<(u64, String)>> {
        match self.local(relative) {
            Some(path) => blocking(move || disk::hash(&path)).await,
            None => bucket::hash(&*self.store, &self.object(relative)).await,
        }
    }

    /// Puts `bytes` in the place of what is there, in one step.
    pub(crate) async fn replace(&self, relative: &str, bytes: Vec<u8>) -> Result<()> {
        #[cfg(test)]
        self.power.draw()?;
        let Some(root) = self.local_root.clone() else {
            return bucket::replace(&*self.store, &self.object(relative), bytes.into()).await;
        };
        let path = disk::join(&root, relative);
        blocking(move || disk::replace(&disk::join(&root, layout::STAGING), &path, &bytes)).await
    }

    /// Puts a finished file in the place of what is there, in one step.
    pub(crate) async fn publish(&self, scratch: Scratch, relative: &str) -> Result<()> {
        #[cfg(test)]
        self.power.draw()?;
        match self.local(relative) {
            Some(path) => blocking(move || disk::publish(&scratch.file, scratch.path, &path)).await,
            None => bucket::upload(&*self.store, &scratch.path, &self.object(relative)).await,
        }
    }

    /// Removes a file; says whether it was there.
    pub(crate) async fn remove(&self, relative: &str) -> Result<bool> {
        #[cfg(test)]
        self.power.draw()?;
        match self.local(relative) {
            Some(path) => {
                let own_folder = layout::has_own_folder(relative);
                blocking(move || disk::remove(&path, own_folder)).await
            }
            None => bucket::remove(&*self.store, &self.object(relative)).await,
        }
    }

    fn local(&self, relative: &str) -> Option<PathBuf> {
        Some(disk::join(self.local_root()?, relative))
    }
}

fn read_all_local(root: &FilePath, paths: Vec<String>) -> Result<Vec<(String, Bytes)>> {
    let read = |paths: &[String]| -> Result<Vec<(String, Bytes)>> {
        let mut found = Vec::with_capacity(paths.len());
        for path in paths {
            if let Some(bytes) = disk::read(&disk::join(root, path))? {
                found.push((path.clone(), Bytes::from(bytes)));
            }
        }
        Ok(found)
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = paths.len().div_ceil(threads).max(FILES_PER_THREAD);
    std::thread::scope(|scope| {
        let readers: Vec<_> = paths
            .chunks(share)
            .map(|paths| scope.spawn(|| read(paths)))
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
