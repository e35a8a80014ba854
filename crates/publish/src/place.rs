//! The place that is published to: a directory or an object store. What is put there appears whole or
//! not at all.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use hubcensus_lake::{Lake, LakeLock};
use object_store::path::Path;
use object_store::{
    GetResult, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, PutPayload, UpdateVersion,
    WriteMultipart,
};
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use crate::error::{Error, Result};

/// Where files of a directory are written before they are renamed to their place.
const UNDER_WAY: &str = ".publishing";
/// The object of a store's lock, in the same folder.
const LOCK: &str = "_lock";
/// Up to this size an object is one request; a larger one appears when its last part has arrived.
const ONE_PUT: u64 = 16 << 20;
const PART: usize = 8 << 20;
const PARTS_IN_FLIGHT: usize = 4;

/// A place for publications.
#[derive(Clone, Debug)]
pub struct Place {
    address: String,
    store: Arc<dyn ObjectStore>,
    root: Path,
    local: Option<PathBuf>,
    #[cfg(test)]
    pub(crate) faults: Arc<crate::tests::Faults>,
}

/// A small file that was read, and the version that the store has of it.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) bytes: Bytes,
    version: UpdateVersion,
}

/// The right to publish to a place: of a directory until it is dropped, of a store until it is
/// released. A store that cannot tell the first of two has none.
#[derive(Debug)]
pub(crate) enum Lock {
    Directory(#[expect(dead_code, reason = "kept open, and closed when dropped")] std::fs::File),
    Store(LakeLock),
    Without,
}

impl Lock {
    /// Refuses once a store's lock was lost.
    pub(crate) fn ensure(&self) -> Result<()> {
        match self {
            Self::Store(lock) => Ok(lock.ensure()?),
            Self::Directory(_) | Self::Without => Ok(()),
        }
    }

    /// Gives the right back. Nothing of it stays at a store.
    pub(crate) async fn release(self) {
        if let Self::Store(lock) = self {
            // The next one makes it anew; if this fails, it runs out by itself.
            let path = lock.lake().locate(LOCK);
            lock.lake().store().delete(&path).await.ok();
            lock.release().await;
        }
    }
}

impl Place {
    /// The place at an address: a local path, or what lakes can be at. Nothing is created.
    ///
    /// # Errors
    /// It is no address, or that of a lake ([`Error::Foreign`]).
    pub async fn open(address: &str) -> Result<Self> {
        let lake = Lake::open(address).await?;
        let place = Self {
            address: address.trim_end_matches('/').to_owned(),
            store: Arc::clone(lake.store()),
            root: lake.locate(""),
            local: lake.local_root().map(FilePath::to_owned),
            #[cfg(test)]
            faults: Arc::default(),
        };
        if lake.exists().await? {
            return Err(place.foreign("a lake"));
        }
        Ok(place)
    }

    /// The address, as it was given.
    pub fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn foreign(&self, found: &str) -> Error {
        Error::Foreign {
            place: self.address.clone(),
            found: found.to_owned(),
            record: crate::record::RECORD,
        }
    }

    fn object(&self, relative: &str) -> Path {
        relative
            .split('/')
            .fold(self.root.clone(), |path, part| path.join(part))
    }

    fn file(&self, relative: &str) -> Option<PathBuf> {
        let mut path = self.local.clone()?;
        path.extend(relative.split('/'));
        Some(path)
    }

    /// Makes this process the only one that publishes to the place.
    pub(crate) async fn lock(&self) -> Result<Lock> {
        let Some(root) = &self.local else {
            let folder = self.object(UNDER_WAY);
            let lake = Lake::on(Arc::clone(&self.store), folder, None)?;
            return match lake.lock().await {
                Ok(lock) => Ok(Lock::Store(lock)),
                Err(hubcensus_lake::Error::LockUnsupported { .. }) => Ok(Lock::Without),
                Err(hubcensus_lake::Error::Locked { holder, .. }) => Err(self.busy(&holder)),
                Err(error) => Err(error.into()),
            };
        };
        std::fs::create_dir_all(root).map_err(Error::io("create directory", root))?;
        // The directory itself is locked, so that no file of a lock is published. Where directories
        // cannot be opened there is no lock.
        let Ok(directory) = std::fs::File::open(root) else {
            return Ok(Lock::Without);
        };
        match directory.try_lock() {
            Err(std::fs::TryLockError::WouldBlock) => Err(self.busy("another process")),
            // A file system without locks.
            Err(std::fs::TryLockError::Error(_)) => Ok(Lock::Without),
            Ok(()) => {
                self.sweep()?;
                Ok(Lock::Directory(directory))
            }
        }
    }

    fn busy(&self, holder: &str) -> Error {
        Error::Busy {
            place: self.address.clone(),
            holder: holder.to_owned(),
        }
    }

    /// Removes what was under way.
    pub(crate) fn sweep(&self) -> Result<()> {
        let Some(folder) = self.file(UNDER_WAY).filter(|folder| folder.is_dir()) else {
            return Ok(());
        };
        std::fs::remove_dir_all(&folder).map_err(Error::io("remove", &folder))
    }

    /// The sizes of all files, by their paths.
    pub(crate) async fn list(&self) -> Result<BTreeMap<String, u64>> {
        if self.local.as_ref().is_some_and(|root| !root.exists()) {
            return Ok(BTreeMap::new());
        }
        let wrong = Error::store("list", &self.address);
        let listed: Vec<_> = self
            .store
            .list(Some(&self.root))
            .try_collect()
            .await
            .map_err(wrong)?;
        let files = listed.into_iter().filter_map(|object| {
            let parts = object.location.prefix_match(&self.root)?;
            let parts: Vec<String> = parts.map(|part| part.as_ref().to_owned()).collect();
            Some((parts.join("/"), object.size))
        });
        Ok(files.collect())
    }

    async fn get(&self, relative: &str) -> Result<Option<GetResult>> {
        match self.store.get(&self.object(relative)).await {
            Ok(found) => Ok(Some(found)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(Error::store("read", relative)(error)),
        }
    }

    pub(crate) async fn read(&self, relative: &str) -> Result<Option<Found>> {
        let Some(found) = self.get(relative).await? else {
            return Ok(None);
        };
        let version = UpdateVersion {
            e_tag: found.meta.e_tag.clone(),
            version: found.meta.version.clone(),
        };
        let bytes = found.bytes().await;
        Ok(Some(Found {
            bytes: bytes.map_err(Error::store("read", relative))?,
            version,
        }))
    }

    /// The SHA-256 of a file, in hexadecimal.
    pub(crate) async fn sha256(&self, relative: &str) -> Result<Option<String>> {
        let Some(found) = self.get(relative).await? else {
            return Ok(None);
        };
        let mut hasher = Sha256::new();
        let mut stream = found.into_stream();
        while let Some(piece) = stream.next().await {
            hasher.update(piece.map_err(Error::store("read", relative))?);
        }
        Ok(Some(hex(&hasher.finalize())))
    }

    /// Puts bytes in the place of what is there.
    pub(crate) async fn put(&self, relative: &str, bytes: impl Into<Bytes>) -> Result<()> {
        let bytes = bytes.into();
        self.fault(relative)?;
        match self.file(relative) {
            Some(path) => {
                let mut file = self.under_way()?;
                file.write_all(&bytes).map_err(Error::io("write", &path))?;
                settle(file, path).await?;
            }
            None => {
                let put = self.store.put(&self.object(relative), bytes.into()).await;
                put.map_err(Error::store("write", relative))?;
            }
        }
        self.fault(relative)
    }

    /// The same if what is there is still what was read. Of a directory, whose lock is held, that is
    /// not looked at; nor of a store that knows no condition.
    pub(crate) async fn put_if(
        &self,
        relative: &str,
        bytes: impl Into<Bytes>,
        read: Option<&Found>,
    ) -> Result<()> {
        let bytes = bytes.into();
        if self.local.is_some() {
            return self.put(relative, bytes).await;
        }
        let mode = read.map_or(PutMode::Create, |read| {
            PutMode::Update(read.version.clone())
        });
        let options = PutOptions::from(mode);
        let payload = PutPayload::from_bytes(bytes.clone());
        self.fault(relative)?;
        let path = self.object(relative);
        match self.store.put_opts(&path, payload, options).await {
            Ok(_) => self.fault(relative),
            Err(object_store::Error::NotImplemented { .. }) => self.put(relative, bytes).await,
            Err(
                object_store::Error::Precondition { .. }
                | object_store::Error::AlreadyExists { .. }
                | object_store::Error::NotFound { .. },
            ) => {
                // Sent twice because the first answer was lost, it meets itself.
                if self
                    .read(relative)
                    .await?
                    .is_some_and(|at| at.bytes == bytes)
                {
                    return Ok(());
                }
                Err(Error::Overtaken {
                    place: self.address.clone(),
                    path: relative.to_owned(),
                })
            }
            Err(error) => Err(Error::store("write", relative)(error)),
        }
    }

    /// Copies an object of some store to a file, if its SHA-256 is the expected one.
    pub(crate) async fn copy_from(
        &self,
        store: &dyn ObjectStore,
        from: &Path,
        relative: &str,
        sha256: &str,
    ) -> Result<()> {
        let unread = Error::store("read", from);
        let found = store.get(from).await.map_err(&unread)?;
        let size = found.meta.size;
        let mut stream = found.into_stream();
        let mut hasher = Sha256::new();
        let changed = || Error::Changed {
            path: from.to_string(),
        };
        if let Some(path) = self.file(relative) {
            self.fault(relative)?;
            let mut file = self.under_way()?;
            while let Some(piece) = stream.next().await {
                let piece = piece.map_err(&unread)?;
                hasher.update(&piece);
                file.write_all(&piece).map_err(Error::io("write", &path))?;
            }
            if hex(&hasher.finalize()) != sha256 {
                return Err(changed());
            }
            settle(file, path).await?;
            return self.fault(relative);
        }
        if size <= ONE_PUT {
            let mut whole = Vec::new();
            while let Some(piece) = stream.next().await {
                whole.extend_from_slice(&piece.map_err(&unread)?);
            }
            if hex(&Sha256::digest(&whole)) != sha256 {
                return Err(changed());
            }
            return self.put(relative, whole).await;
        }
        self.fault(relative)?;
        let unwritten = Error::store("write", relative);
        let upload = self.store.put_multipart(&self.object(relative)).await;
        let upload = upload.map_err(&unwritten)?;
        let mut writer = WriteMultipart::new_with_chunk_size(upload, PART);
        while let Some(piece) = stream.next().await {
            let piece = piece.map_err(&unread)?;
            hasher.update(&piece);
            writer
                .wait_for_capacity(PARTS_IN_FLIGHT)
                .await
                .map_err(&unwritten)?;
            writer.put(piece);
        }
        if hex(&hasher.finalize()) != sha256 {
            // Parts that stay behind are invisible to readers.
            writer.abort().await.ok();
            return Err(changed());
        }
        writer.finish().await.map_err(&unwritten)?;
        self.fault(relative)
    }

    /// Copies a file of the place.
    pub(crate) async fn copy(&self, from: &str, relative: &str, sha256: &str) -> Result<()> {
        if self.local.is_some() {
            let from = self.object(from);
            return self.copy_from(&*self.store, &from, relative, sha256).await;
        }
        self.fault(relative)?;
        let (from, to) = (self.object(from), self.object(relative));
        match self.store.copy(&from, &to).await {
            Ok(()) => self.fault(relative),
            Err(
                object_store::Error::NotImplemented { .. }
                | object_store::Error::NotSupported { .. },
            ) => self.copy_from(&*self.store, &from, relative, sha256).await,
            Err(error) => Err(Error::store("copy to", relative)(error)),
        }
    }

    /// Removes a file; of a directory also the folders that are empty then.
    pub(crate) async fn remove(&self, relative: &str) -> Result<()> {
        self.fault(relative)?;
        match self.store.delete(&self.object(relative)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(Error::store("remove", relative)(error)),
        }
        if let (Some(root), Some(path)) = (&self.local, self.file(relative)) {
            let folders = path.ancestors().skip(1);
            for folder in folders.take_while(|folder| *folder != root) {
                // Refused by the system unless it is empty.
                if std::fs::remove_dir(folder).is_err() {
                    break;
                }
            }
        }
        self.fault(relative)
    }

    /// A new file in the directory that is renamed to its place when it is whole.
    fn under_way(&self) -> Result<NamedTempFile> {
        let folder = self.file(UNDER_WAY).unwrap_or_default();
        let wrong = Error::io("write to", &folder);
        std::fs::create_dir_all(&folder).map_err(&wrong)?;
        NamedTempFile::new_in(&folder).map_err(&wrong)
    }

    /// Called around each change; tests have it fail.
    #[cfg(test)]
    fn fault(&self, relative: &str) -> Result<()> {
        self.faults.meet(relative)
    }

    #[cfg(not(test))]
    #[expect(
        clippy::unnecessary_wraps,
        clippy::unused_self,
        reason = "the tests' variant fails"
    )]
    fn fault(&self, _relative: &str) -> Result<()> {
        Ok(())
    }
}

/// Puts a file in its place: its bytes reach the disk, then its name changes, then the change of the
/// name reaches the disk.
async fn settle(file: NamedTempFile, path: PathBuf) -> Result<()> {
    let settle = move || {
        let wrong = Error::io("write", &path);
        let folder = path.parent().unwrap_or(FilePath::new("."));
        std::fs::create_dir_all(folder).map_err(&wrong)?;
        file.as_file().sync_all().map_err(&wrong)?;
        readable(&file).map_err(&wrong)?;
        file.persist(&path).map_err(|error| wrong(error.error))?;
        // Where directories cannot be opened, nothing can be done for them.
        if let Ok(folder) = std::fs::File::open(folder) {
            folder.sync_all().map_err(&wrong)?;
        }
        Ok(())
    };
    let settled = tokio::task::spawn_blocking(settle).await;
    settled.map_err(|_| Error::Thread("a thread of the disk"))?
}

/// A temporary file is its owner's alone; what is published is for all.
#[cfg(unix)]
fn readable(file: &NamedTempFile) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::Permissions::from_mode(0o644);
    file.as_file().set_permissions(mode)
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
fn readable(_file: &NamedTempFile) -> std::io::Result<()> {
    Ok(())
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
