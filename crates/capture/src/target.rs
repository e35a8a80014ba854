//! Where snapshots are put: a directory or an object store.
//!
//! A file comes into its place whole. Beside it stands its description, which is written before it,
//! so that a snapshot that is there has one. What is under way lies in `_capture/`, which no source
//! reads; of a store beyond the disk, in a local directory.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::TryStreamExt as _;
use hubcensus_lake::{Lake, LakeLock};
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, ObjectStoreExt as _, PutPayload, WriteMultipart};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::JoinHandle;

use crate::error::{Error, Result};
use crate::page;

/// What is under way.
const UNDER_WAY: &str = "_capture";
/// How much of a file is sent to a store at a time.
const CHUNK: usize = 8 << 20;

/// A place for snapshots.
#[derive(Debug, Clone)]
pub struct Target {
    address: String,
    store: Arc<dyn ObjectStore>,
    root: ObjectPath,
    local: Option<PathBuf>,
    work: PathBuf,
}

impl Target {
    /// The place at an address: a directory, or `s3://`, `gs://`, `az://`. What is under way is
    /// kept in `work` if that is given, else in the directory itself or, of a store, in the
    /// system's temporary directory.
    ///
    /// # Errors
    /// [`Error::Place`] if it is no address.
    pub fn open(address: &str, work: Option<&Path>) -> Result<Self> {
        let lake = hubcensus_lake::object_at(address)?;
        let (store, root) = lake;
        let local = match address.strip_prefix("file://") {
            Some(path) => Some(PathBuf::from(path)),
            None if address.contains("://") => None,
            None => Some(PathBuf::from(address)),
        };
        let work = match (work, &local) {
            (Some(work), _) => work.to_owned(),
            (None, Some(local)) => local.join(UNDER_WAY),
            (None, None) => std::env::temp_dir()
                .join("hubcensus-capture")
                .join(page::hash(address.as_bytes())),
        };
        Ok(Self {
            address: address.trim_end_matches('/').to_owned(),
            store,
            root,
            local,
            work,
        })
    }

    /// The address of a file.
    pub fn address_of(&self, name: &str) -> String {
        format!("{}/{name}", self.address)
    }

    /// A directory for what is under way, made if need be.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn work(&self, name: &str) -> Result<PathBuf> {
        let folder = if name.is_empty() {
            self.work.clone()
        } else {
            self.work.join(name)
        };
        std::fs::create_dir_all(&folder).map_err(Error::io("make", &folder))?;
        Ok(folder)
    }

    fn object(&self, name: &str) -> ObjectPath {
        name.split('/')
            .fold(self.root.clone(), |path, part| path.join(part))
    }

    /// Makes this process the only one that captures `name`.
    ///
    /// # Errors
    /// [`Error::Busy`] with who does.
    pub(crate) async fn lock(&self, name: &str, what: &str) -> Result<LakeLock> {
        let address = match &self.local {
            Some(_) => self.work(name)?.to_string_lossy().into_owned(),
            None => format!("{}/{UNDER_WAY}/{name}", self.address),
        };
        match Lake::open(&address).await?.lock().await {
            Ok(lock) => Ok(lock),
            Err(hubcensus_lake::Error::Locked { holder, .. }) => Err(Error::Busy {
                what: what.to_owned(),
                holder,
            }),
            Err(error) => Err(error.into()),
        }
    }

    /// The content of a small file, if it is there.
    pub(crate) async fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let path = self.object(name);
        let wrong = Error::store("read", path.as_ref());
        match self.store.get(&path).await {
            Ok(found) => Ok(Some(found.bytes().await.map_err(wrong)?.to_vec())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(wrong(error)),
        }
    }

    pub(crate) async fn exists(&self, name: &str) -> Result<bool> {
        let path = self.object(name);
        match self.store.head(&path).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(Error::store("look for", path.as_ref())(error)),
        }
    }

    /// The names of the files of a folder.
    pub(crate) async fn names(&self, folder: &str) -> Result<Vec<String>> {
        let prefix = self.object(folder);
        let wrong = Error::store("list", prefix.as_ref());
        let listed = self.store.list_with_delimiter(Some(&prefix)).await;
        let listed = match listed {
            Ok(listed) => listed,
            Err(object_store::Error::NotFound { .. }) => return Ok(Vec::new()),
            Err(error) => return Err(wrong(error)),
        };
        let names = listed.objects.iter();
        Ok(names
            .filter_map(|object| object.location.filename().map(str::to_owned))
            .collect())
    }

    /// Puts a small file in its place.
    pub(crate) async fn write(&self, name: &str, bytes: Vec<u8>) -> Result<()> {
        let path = self.object(name);
        let payload = PutPayload::from(bytes);
        let put = self.store.put(&path, payload).await;
        put.map(|_| ())
            .map_err(Error::store("write", path.as_ref()))
    }

    pub(crate) async fn remove(&self, name: &str) -> Result<()> {
        let path = self.object(name);
        match self.store.delete(&path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(Error::store("remove", path.as_ref())(error)),
        }
    }

    /// Moves a finished local file to its place.
    pub(crate) async fn publish(&self, file: &Path, name: &str) -> Result<()> {
        let Some(local) = &self.local else {
            return self.upload(file, name).await;
        };
        let (file, place) = (file.to_owned(), local.join(name));
        let work = move || {
            let folder = place.parent().unwrap_or(Path::new(""));
            std::fs::create_dir_all(folder).map_err(Error::io("make", folder))?;
            // The directory for what is under way may have been put on another disk.
            if std::fs::rename(&file, &place).is_err() {
                let wrong = Error::io("write", &place);
                let copy = tempfile::NamedTempFile::new_in(folder).map_err(&wrong)?;
                std::fs::copy(&file, copy.path()).map_err(&wrong)?;
                copy.as_file().sync_all().map_err(&wrong)?;
                copy.persist(&place).map_err(|error| wrong(error.error))?;
                std::fs::remove_file(&file).map_err(Error::io("remove", &file))?;
            }
            #[cfg(unix)]
            {
                let opened = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
                opened.map_err(Error::io("flush", folder))?;
            }
            Ok(())
        };
        blocking(work).await
    }

    async fn upload(&self, file: &Path, name: &str) -> Result<()> {
        let path = self.object(name);
        let wrong = Error::store("write", path.as_ref());
        let upload = self.store.put_multipart(&path).await.map_err(&wrong)?;
        let mut writer = WriteMultipart::new(upload);
        let mut source = tokio::fs::File::open(file)
            .await
            .map_err(Error::io("read", file))?;
        let mut buffer = vec![0; CHUNK];
        loop {
            let read = source.read(&mut buffer).await;
            let read = read.map_err(Error::io("read", file))?;
            if read == 0 {
                break;
            }
            writer.write(buffer.get(..read).unwrap_or_default());
            writer.wait_for_capacity(4).await.map_err(&wrong)?;
        }
        writer.finish().await.map_err(&wrong)?;
        std::fs::remove_file(file).map_err(Error::io("remove", file))
    }

    /// A file in its place as a file on the local disk, for which a copy is made in `work` if it
    /// is not there.
    pub(crate) async fn on_disk(&self, name: &str, work: &Path) -> Result<PathBuf> {
        if let Some(local) = &self.local {
            return Ok(local.join(name));
        }
        let path = self.object(name);
        let wrong = Error::store("read", path.as_ref());
        let copy = work.join("copy");
        let mut file = tokio::fs::File::create(&copy)
            .await
            .map_err(Error::io("write", &copy))?;
        let found = self.store.get(&path).await.map_err(&wrong)?;
        let mut stream = found.into_stream();
        while let Some(chunk) = stream.try_next().await.map_err(&wrong)? {
            let written = file.write_all(&chunk).await;
            written.map_err(Error::io("write", &copy))?;
        }
        file.flush().await.map_err(Error::io("write", &copy))?;
        Ok(copy)
    }
}

tokio::task_local! {
    /// The lock under which a capture works.
    static HELD: Arc<LakeLock>;
}

/// Works under a lock, which is given back when the work has ended; if nobody waits for that any
/// more, then when no thread works on for it.
pub(crate) async fn holding<T>(lock: LakeLock, work: impl Future<Output = Result<T>>) -> Result<T> {
    let lock = Arc::new(lock);
    let result = HELD.scope(Arc::clone(&lock), work).await;
    if let Ok(lock) = Arc::try_unwrap(lock) {
        lock.release().await;
    }
    result
}

/// Begins work that would keep other tasks waiting, on a thread of its own, under the lock of this
/// task.
pub(crate) fn begin<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> JoinHandle<Result<T>> {
    let lock = HELD.try_with(Arc::clone);
    tokio::task::spawn_blocking(move || {
        let result = work();
        drop(lock);
        result
    })
}

/// The result of work that was begun.
pub(crate) async fn ended<T>(work: JoinHandle<Result<T>>) -> Result<T> {
    match work.await {
        Ok(result) => result,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        // The runtime is ending.
        Err(_) => Err(Error::Stopped),
    }
}

/// Does such work and waits for it.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    ended(begin(work)).await
}
