//! How a file gets to the local disk so that it survives the loss of power: whole, or not at all.
//!
//! A file is written in staging and renamed to its place. A stage's folder may be a link to
//! another file system, and so may staging; a file that cannot be renamed to its place is first
//! copied beside it, under a hidden name that no reader of Parquet files takes for a partition.

use std::fs::{self, File, Metadata};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::{Builder, NamedTempFile};
use walkdir::WalkDir;

#[cfg(test)]
use crate::crash::Faults;
use crate::error::{Error, Result};
use crate::layout;
use crate::place::file::{Entry, Scratch};
use crate::stamp::Stamp;

/// The directory in which a lake lies.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    root: Arc<PathBuf>,
    #[cfg(test)]
    pub(crate) faults: Faults,
}

impl Disk {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self {
            root: Arc::new(root),
            #[cfg(test)]
            faults: Faults::default(),
        }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where `relative`, whose parts are separated by `/`, is.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        let mut path = self.root.as_ref().clone();
        path.extend(relative.split('/').filter(|part| !part.is_empty()));
        path
    }

    /// A new file in staging that is removed when dropped. Its name begins with `prefix`.
    pub(crate) fn scratch(&self, prefix: &str, suffix: &str) -> Result<Scratch> {
        let staging = self.path(layout::STAGING);
        self.create_dirs(&staging)?;
        Ok(Scratch::new(scratch(&staging, prefix, suffix)?))
    }

    pub(crate) fn read(&self, relative: &str) -> Result<Option<Vec<u8>>> {
        let path = self.path(relative);
        let Some(mut file) = open(&path)? else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)
            .map_err(Error::io("read", &path))?;
        Ok(Some(bytes))
    }

    /// The stamp of a regular file; `None` if there is none.
    pub(crate) fn stamp(&self, relative: &str) -> Result<Option<Stamp>> {
        let path = self.path(relative);
        let found = absent_is_none(fs::metadata(&path)).map_err(Error::io("look at", &path))?;
        let found = found.filter(Metadata::is_file);
        Ok(found.as_ref().map(Stamp::from))
    }

    /// Whether there is such a directory.
    pub(crate) fn has_dir(&self, relative: &str) -> bool {
        self.path(relative).is_dir()
    }

    /// A file in staging with these bytes, ready to be published at `relative`.
    pub(crate) fn ready_bytes(&self, bytes: &[u8], relative: &str) -> Result<Scratch> {
        let mut scratch = self.scratch("file.", ".tmp")?;
        self.before("write")
            .and_then(|()| scratch.file.write_all(bytes))
            .map_err(Error::io("write", &self.path(relative)))?;
        self.ready(scratch, relative)
    }

    /// Does what can fail before a file is published: its bytes reach the disk, on the file system
    /// of its place. A full disk is met here, while what stands there still does.
    pub(crate) fn ready(&self, mut scratch: Scratch, relative: &str) -> Result<Scratch> {
        let path = self.path(relative);
        let folder = parent(&path)?;
        self.create_dirs(folder)?;
        if !on_one_device(&scratch.path, folder) {
            scratch = self.copied_beside(&scratch, &path)?;
        }
        self.sync(&scratch)?;
        scratch.durable = true;
        Ok(scratch)
    }

    /// Puts a finished file in its place: its bytes reach the disk, then its name changes, then the
    /// change of the name reaches the disk. Gives the stamp of what was written.
    pub(crate) fn publish(&self, scratch: Scratch, relative: &str) -> Result<Stamp> {
        let path = self.path(relative);
        let folder = parent(&path)?;
        if !scratch.durable {
            self.sync(&scratch)?;
            self.create_dirs(folder)?;
        }
        let wrong = Error::io("write", &path);
        let about = scratch.file.metadata().map_err(&wrong)?;
        let mut stamp = Stamp::from(&about);
        self.before("rename").map_err(&wrong)?;
        let Scratch {
            file, path: from, ..
        } = scratch;
        match from.persist(&path) {
            Ok(()) => {}
            // Two mounts of one file system are one device, and no rename goes across them.
            Err(error) if error.error.kind() == io::ErrorKind::CrossesDevices => {
                let scratch = Scratch {
                    file,
                    path: error.path,
                    durable: true,
                };
                let copy = self.copied_beside(&scratch, &path)?;
                self.sync(&copy)?;
                stamp = Stamp::from(&copy.file.metadata().map_err(&wrong)?);
                copy.path
                    .persist(&path)
                    .map_err(|error| wrong(error.error))?;
            }
            Err(error) => return Err(wrong(error.error)),
        }
        self.sync_dir(folder)?;
        Ok(stamp)
    }

    /// Removes a file, and its folder if that is the file's alone and empty by then; says whether
    /// the file was there.
    pub(crate) fn remove(&self, relative: &str) -> Result<bool> {
        let path = self.path(relative);
        let removed = self.before("remove").and_then(|()| fs::remove_file(&path));
        if absent_is_none(removed)
            .map_err(Error::io("remove", &path))?
            .is_none()
        {
            return Ok(false);
        }
        let folder = parent(&path)?;
        self.sync_dir(folder)?;
        // Refused by the system unless the folder is empty, which is what is wanted.
        if layout::has_own_folder(relative) && fs::remove_dir(folder).is_ok() {
            self.sync_dir(parent(folder)?)?;
        }
        Ok(true)
    }

    /// The files under `prefix`, with their paths relative to the root, sorted. Links are followed,
    /// so that a stage may lie on another disk; a folder that holds itself is entered once.
    pub(crate) fn list(&self, prefix: &str) -> Result<Vec<Entry>> {
        let top = self.path(prefix);
        let mut found = Vec::new();
        for entry in WalkDir::new(&top).follow_links(true) {
            let entry = match entry {
                Ok(entry) => entry,
                // A link to a folder above, or to nothing; or gone since the folder was read.
                Err(error) if error.loop_ancestor().is_some() => continue,
                Err(error) => {
                    let path = error.path().unwrap_or(&top).to_owned();
                    gone(error).map_err(Error::io("list", &path))?;
                    continue;
                }
            };
            if entry.file_type().is_dir() {
                continue;
            }
            let bytes = entry.metadata().map_or(0, |about| about.len());
            let path = entry
                .path()
                .strip_prefix(self.root())
                .unwrap_or(entry.path());
            let parts: Vec<_> = path
                .components()
                .map(|part| part.as_os_str().to_string_lossy())
                .collect();
            found.push(Entry {
                path: parts.join("/"),
                bytes,
            });
        }
        found.sort();
        Ok(found)
    }

    /// Removes every file in staging, whatever its name, and says how many there were.
    pub(crate) fn sweep(&self) -> Result<usize> {
        let staging = self.path(layout::STAGING);
        let mut removed = 0;
        for entry in WalkDir::new(&staging).min_depth(1).contents_first(true) {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let path = error.path().unwrap_or(&staging).to_owned();
                    gone(error).map_err(Error::io("list", &path))?;
                    continue;
                }
            };
            let wrong = Error::io("remove", entry.path());
            if entry.file_type().is_dir() {
                absent_is_none(fs::remove_dir(entry.path())).map_err(wrong)?;
            } else if absent_is_none(fs::remove_file(entry.path()))
                .map_err(wrong)?
                .is_some()
            {
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// The size and the blake3 of a file.
    pub(crate) fn hash(&self, relative: &str) -> Result<Option<(u64, String)>> {
        let path = self.path(relative);
        let wrong = Error::io("read", &path);
        let Some(mut file) = open(&path)? else {
            return Ok(None);
        };
        let mut hasher = blake3::Hasher::new();
        let mut buffer = vec![0; 1 << 20];
        let mut bytes = 0;
        loop {
            let read = match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(wrong(error)),
            };
            hasher.update(buffer.get(..read).unwrap_or_default());
            bytes += read as u64;
        }
        Ok(Some((bytes, hasher.finalize().to_hex().to_string())))
    }

    /// Creates a directory and what leads to it, so that the disk remembers them.
    pub(crate) fn create_dirs(&self, path: &Path) -> Result<()> {
        let missing: Vec<PathBuf> = path
            .ancestors()
            .take_while(|dir| !dir.is_dir())
            .map(Path::to_owned)
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        self.before("create directory")
            .and_then(|()| fs::create_dir_all(path))
            .map_err(Error::io("create directory", path))?;
        for dir in missing {
            self.sync_dir(parent(&dir)?)?;
        }
        Ok(())
    }

    /// A copy of a scratch file in the folder of `path`. What an earlier process left there of such
    /// a copy is removed.
    fn copied_beside(&self, scratch: &Scratch, path: &Path) -> Result<Scratch> {
        let wrong = Error::io("copy a file beside", path);
        let folder = parent(path)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let prefix = layout::beside_prefix(&name);
        for entry in fs::read_dir(folder).map_err(&wrong)?.flatten() {
            let other = entry.file_name();
            let other = other.to_string_lossy();
            if other.starts_with(&prefix) && layout::is_beside(&other) {
                absent_is_none(fs::remove_file(entry.path())).map_err(&wrong)?;
            }
        }
        let mut copy = Scratch::new(self::scratch(folder, &prefix, layout::BESIDE)?);
        let mut from = File::open(&scratch.path).map_err(Error::io("read", &scratch.path))?;
        self.before("write")
            .and_then(|()| io::copy(&mut from, &mut copy.file))
            .map_err(&wrong)?;
        Ok(copy)
    }

    fn sync(&self, scratch: &Scratch) -> Result<()> {
        self.before("sync file")
            .and_then(|()| scratch.file.sync_all())
            .map_err(Error::io("write", &scratch.path))
    }

    fn sync_dir(&self, dir: &Path) -> Result<()> {
        self.before("sync directory")
            .and_then(|()| sync_dir(dir))
            .map_err(Error::io("write directory", dir))
    }

    /// Called before each change; tests have it fail.
    #[cfg(test)]
    fn before(&self, operation: &'static str) -> io::Result<()> {
        self.faults.before(operation)
    }

    #[cfg(not(test))]
    #[expect(
        clippy::unnecessary_wraps,
        clippy::unused_self,
        reason = "the tests' variant fails"
    )]
    fn before(&self, _operation: &'static str) -> io::Result<()> {
        Ok(())
    }
}

/// A new file in `dir` that is removed when dropped.
pub(crate) fn scratch(dir: &Path, prefix: &str, suffix: &str) -> Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(prefix).suffix(suffix);
    // What it becomes is for everyone whom the umask lets read, as any other file is.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder
        .tempfile_in(dir)
        .map_err(Error::io("create a file in", dir))
}

/// Opens a file for reading; `None` if there is none. A pipe or a device is refused, since reading
/// it might never end.
fn open(path: &Path) -> Result<Option<File>> {
    let wrong = Error::io("read", path);
    let Some(about) = absent_is_none(fs::metadata(path)).map_err(&wrong)? else {
        return Ok(None);
    };
    if !about.is_file() {
        return Err(wrong(io::Error::other("it is no regular file")));
    }
    absent_is_none(File::open(path)).map_err(wrong)
}

fn parent(path: &Path) -> Result<&Path> {
    path.parent().ok_or_else(|| {
        Error::io("find the directory of", path)(io::Error::from(io::ErrorKind::InvalidInput))
    })
}

/// Whether a rename from one to the other can be hoped for.
#[cfg(unix)]
fn on_one_device(a: &Path, b: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let device = |path: &Path| fs::metadata(path).map(|about| about.dev()).ok();
    device(a) == device(b)
}

#[cfg(not(unix))]
fn on_one_device(_: &Path, _: &Path) -> bool {
    true
}

#[cfg(unix)]
fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir).and_then(|dir| dir.sync_all())
}

/// Elsewhere a directory cannot be opened as a file; the system orders its changes by itself.
#[cfg(not(unix))]
fn sync_dir(_dir: &Path) -> io::Result<()> {
    Ok(())
}

/// What a walk met is no error if it only says that something is gone.
fn gone(error: walkdir::Error) -> io::Result<()> {
    let error = error
        .into_io_error()
        .unwrap_or_else(|| io::Error::from(io::ErrorKind::Other));
    absent_is_none(Err::<(), _>(error)).map(|_| ())
}

fn absent_is_none<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
