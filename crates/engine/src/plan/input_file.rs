//! The file of a snapshot: what it holds as a hash, and that what is read as
//! rows is what was hashed.
//!
//! A local file is read in its place. It is known by its device, inode, size and
//! times: these are compared before and after it is read, and the file is
//! hashed again where they do not tell. A remote file is copied to this machine
//! once and hashed on the way; what is read is the copy.

use std::fs::{File, Metadata};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use futures::StreamExt as _;
use hubcensus_lake::Stamp;
use object_store::ObjectStoreExt as _;
use tempfile::NamedTempFile;

use crate::plan::address::{self, Address};
use crate::plan::hash_cache::HashCache;

/// One file, and what it holds as a hash.
#[derive(Debug)]
pub(crate) struct InputFile {
    /// The address as it may be shown.
    pub(crate) address: String,
    pub(crate) hash: String,
    pub(crate) bytes: u64,
    /// The address by which it is read.
    location: String,
    stamp: Stamp,
    /// The copy of a remote file that was made to hash it.
    copy: Mutex<Option<NamedTempFile>>,
}

/// A file on the local disk.
#[derive(Debug)]
pub(crate) enum LocalFile {
    /// The input lies on this machine, and had this stamp when reading began.
    InPlace(PathBuf, Stamp),
    /// A copy of a remote input, which goes with this value.
    Copy(NamedTempFile),
}

impl LocalFile {
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::InPlace(path, _) => path,
            Self::Copy(file) => file.path(),
        }
    }
}

/// Why a file cannot be read, in words for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoFile {
    /// There is none.
    Missing(String),
    /// There is one, or that cannot be told.
    Unusable(String),
}

impl From<NoFile> for String {
    fn from(no: NoFile) -> Self {
        match no {
            NoFile::Missing(reason) | NoFile::Unusable(reason) => reason,
        }
    }
}

impl From<String> for NoFile {
    fn from(reason: String) -> Self {
        Self::Unusable(reason)
    }
}

impl InputFile {
    /// Finds and hashes a file. One whose stamp is known from an earlier time is
    /// not read again.
    ///
    /// # Errors
    ///
    /// A file that is not there or cannot be read.
    pub(crate) async fn look(location: &str, known: &HashCache) -> Result<Self, NoFile> {
        let address = address::shown(location);
        let file = |hash: String, stamp: Stamp, copy: Option<NamedTempFile>| Self {
            address: address.clone(),
            hash,
            bytes: stamp.bytes,
            location: location.to_owned(),
            stamp,
            copy: Mutex::new(copy),
        };
        if let Some(path) = address::local_path(location) {
            let stamp = stamp(&path, &address)?;
            if let Some(hash) = known.hash(&address, &stamp) {
                return Ok(file(hash.to_owned(), stamp, None));
            }
            let hash = hash(path.clone(), address.clone()).await?;
            if self::stamp(&path, &address)? != stamp {
                return Err(NoFile::Unusable(format!(
                    "{address} changed while it was hashed; run again once it is complete"
                )));
            }
            return Ok(file(hash, stamp, None));
        }
        let place = Address::of(location).map_err(|e| e.to_string())?;
        let stamp = match place.store.head(&place.path).await {
            Ok(meta) => Stamp::from(&meta),
            Err(object_store::Error::NotFound { .. }) => {
                return Err(NoFile::Missing(missing(&address)));
            }
            Err(error) => {
                let reason = format!("cannot look at {address}: {error}");
                return Err(NoFile::Unusable(reason));
            }
        };
        if let Some(hash) = known.hash(&address, &stamp) {
            return Ok(file(hash.to_owned(), stamp, None));
        }
        let (copy, hash, bytes) = copy(&place, &address).await?;
        let stamp = Stamp { bytes, ..stamp };
        Ok(file(hash, stamp, Some(copy)))
    }

    /// The address by which it is read.
    pub(crate) fn location(&self) -> &str {
        &self.location
    }

    /// The last part of its address.
    pub(crate) fn name(&self) -> &str {
        address::file_name(&self.address)
    }

    /// Keeps the hash for a later run.
    pub(crate) fn remember(&self, known: &mut HashCache) {
        known.insert(self.address.clone(), self.stamp.clone(), self.hash.clone());
    }

    /// Brings the file to where it can be read at random, and sees that it is
    /// the one that was hashed.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, or that is another by now.
    pub(crate) async fn fetch(&self) -> Result<LocalFile, String> {
        if let Some(path) = address::local_path(&self.location) {
            let stamp = stamp(&path, &self.address)?;
            if stamp != self.stamp {
                self.is_same(&hash(path.clone(), self.address.clone()).await?)?;
            }
            return Ok(LocalFile::InPlace(path, stamp));
        }
        let copied = self
            .copy
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(copied) = copied {
            return Ok(LocalFile::Copy(copied));
        }
        let place = Address::of(&self.location).map_err(|e| e.to_string())?;
        let (copied, hash, _) = copy(&place, &self.address).await?;
        self.is_same(&hash)?;
        Ok(LocalFile::Copy(copied))
    }

    /// Sees that a file did not change while it was read.
    ///
    /// # Errors
    ///
    /// A file that did, or that cannot be looked at any more.
    pub(crate) async fn unchanged(&self, read: &LocalFile) -> Result<(), String> {
        let LocalFile::InPlace(path, before) = read else {
            return Ok(());
        };
        let after = stamp(path, &self.address)?;
        if after != *before {
            return Err(format!(
                "{} changed while it was read; run again once it is complete",
                self.address
            ));
        }
        if is_coarse(&after) {
            self.is_same(&hash(path.clone(), self.address.clone()).await?)?;
        }
        Ok(())
    }

    fn is_same(&self, hash: &str) -> Result<(), String> {
        if hash == self.hash {
            return Ok(());
        }
        Err(format!(
            "{} changed between planning and reading; run again",
            self.address
        ))
    }
}

fn missing(address: &str) -> String {
    format!("{address} does not exist; check the date and the location (--from)")
}

/// The stamp of a local file.
fn stamp(path: &Path, address: &str) -> Result<Stamp, NoFile> {
    let about = match std::fs::metadata(path) {
        Ok(about) => about,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(NoFile::Missing(missing(address)));
        }
        Err(error) => {
            let reason = format!("cannot look at {address}: {error}");
            return Err(NoFile::Unusable(reason));
        }
    };
    if !about.is_file() {
        return Err(NoFile::Unusable(format!(
            "{address} is no regular file; a source is read from files"
        )));
    }
    Ok(Stamp {
        version: identity(&about),
        ..Stamp::from(&about)
    })
}

/// What tells a file from one that was put in its place, whatever its time of
/// change was set to: the time of change of its inode cannot be set.
#[cfg(unix)]
fn identity(about: &Metadata) -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;
    let (device, inode) = (about.dev(), about.ino());
    Some(format!(
        "{device}-{inode}-{}.{:09}",
        about.ctime(),
        about.ctime_nsec()
    ))
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> Option<String> {
    None
}

/// Whether a file could have changed without its stamp: the file system counts
/// whole seconds, or there is no inode.
fn is_coarse(stamp: &Stamp) -> bool {
    let version = stamp.version.as_deref();
    version.is_none_or(|version| version.ends_with(".000000000"))
}

/// The hash of a file's bytes, in hexadecimal.
async fn hash(path: PathBuf, address: String) -> Result<String, String> {
    let work = move || -> io::Result<String> {
        let mut file = File::open(path)?;
        let mut hasher = blake3::Hasher::new();
        let mut buffer = vec![0; 1 << 20];
        loop {
            match file.read(&mut buffer) {
                Ok(0) => return Ok(hasher.finalize().to_hex().to_string()),
                Ok(read) => {
                    hasher.update(buffer.get(..read).unwrap_or_default());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    };
    let hashed = tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| format!("cannot read {address}: {e}"))?;
    hashed.map_err(|e| format!("cannot read {address}: {e}"))
}

/// Copies a remote file to this machine; gives the copy, its hash and size.
async fn copy(place: &Address, address: &str) -> Result<(NamedTempFile, String, u64), String> {
    let no_room = |e: io::Error| format!("no room for a local copy of {address}: {e}");
    let unread = |e: object_store::Error| format!("cannot read {address}: {e}");
    let name = address.rsplit('/').next().unwrap_or("input");
    let suffix = name
        .split_once('.')
        .map(|(_, rest)| format!(".{rest}"))
        .unwrap_or_default();
    let mut file = tempfile::Builder::new()
        .prefix("hubcensus-")
        .suffix(&suffix)
        .tempfile()
        .map_err(no_room)?;
    let found = place.store.get(&place.path).await.map_err(unread)?;
    let mut stream = found.into_stream();
    let mut hasher = blake3::Hasher::new();
    let mut bytes = 0;
    while let Some(piece) = stream.next().await {
        let piece = piece.map_err(unread)?;
        hasher.update(&piece);
        bytes += piece.len() as u64;
        file.write_all(&piece).map_err(no_room)?;
    }
    Ok((file, hasher.finalize().to_hex().to_string(), bytes))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use hubcensus_lake::Lake;

    use super::*;
    use crate::plan::hash_cache::INPUTS;

    async fn cache() -> HashCache {
        let lake = Lake::open("memory:///lake").await.unwrap();
        HashCache::load(&lake, INPUTS).await.unwrap()
    }

    fn file(content: &str) -> (tempfile::TempDir, PathBuf, String) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("books.csv");
        fs::write(&path, content).unwrap();
        let address = path.display().to_string();
        (dir, path, address)
    }

    /// Longer than the clock of any file system's times takes for a step.
    fn tick() {
        std::thread::sleep(Duration::from_millis(20));
    }

    #[tokio::test]
    async fn the_hash_is_that_of_the_bytes() {
        let (_dir, path, address) = file("");
        for size in [0, 1, 3_000_000] {
            let bytes: Vec<u8> = (0..size).map(|at: u32| (at / 4_096) as u8).collect();
            fs::write(&path, &bytes).unwrap();
            let look = InputFile::look(&address, &cache().await).await.unwrap();
            assert_eq!(look.hash, blake3::hash(&bytes).to_hex().to_string());
            assert_eq!(look.bytes, u64::from(size));
        }
    }

    #[tokio::test]
    async fn a_touched_file_is_the_same_and_another_is_not() {
        let (dir, path, address) = file("a,b\n");
        let look = InputFile::look(&address, &cache().await).await.unwrap();
        tick();
        fs::write(&path, "a,b\n").unwrap();
        let read = look.fetch().await.unwrap();
        look.unchanged(&read).await.unwrap();

        // Another of the same size and the same time of change.
        let other = dir.path().join("other");
        fs::write(&other, "a,c\n").unwrap();
        let time = fs::metadata(&path).unwrap().modified().unwrap();
        File::open(&other).unwrap().set_modified(time).unwrap();
        fs::rename(&other, &path).unwrap();
        let error = look.fetch().await.unwrap_err();
        assert!(
            error.contains("changed between planning and reading; run again"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn a_file_swapped_and_put_back_while_it_is_read_has_changed() {
        let (dir, path, address) = file("a,b\n");
        let look = InputFile::look(&address, &cache().await).await.unwrap();
        let read = look.fetch().await.unwrap();
        tick();
        let aside = dir.path().join("aside");
        fs::rename(&path, &aside).unwrap();
        fs::write(&path, "a,c\n").unwrap();
        fs::rename(&aside, &path).unwrap();
        let error = look.unchanged(&read).await.unwrap_err();
        assert!(
            error.contains("changed while it was read; run again"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn a_known_hash_saves_reading_until_the_file_is_touched() {
        let (_dir, path, address) = file("a,b\n");
        let mut known = cache().await;
        let look = InputFile::look(&address, &known).await.unwrap();
        known.insert(address.clone(), look.stamp.clone(), "known".to_owned());
        let again = InputFile::look(&address, &known).await.unwrap();
        assert_eq!(again.hash, "known");
        tick();
        fs::write(&path, "a,b\n").unwrap();
        let touched = InputFile::look(&address, &known).await.unwrap();
        assert_eq!(touched.hash, look.hash);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_pipe_is_told_and_not_waited_for() {
        let (_dir, path, address) = file("");
        fs::remove_file(&path).unwrap();
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        let error = InputFile::look(&address, &cache().await).await.unwrap_err();
        assert!(
            String::from(error).contains("is no regular file"),
            "a pipe was read"
        );
    }

    #[test]
    fn whole_seconds_do_not_tell() {
        let stamp = |version: Option<&str>| Stamp {
            bytes: 1,
            modified: 5,
            version: version.map(str::to_owned),
        };
        assert!(is_coarse(&stamp(None)));
        assert!(is_coarse(&stamp(Some("1-2-3.000000000"))));
        assert!(!is_coarse(&stamp(Some("1-2-3.000000001"))));
    }
}
