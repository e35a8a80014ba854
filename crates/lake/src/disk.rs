//! How a file gets to the local disk so that it survives the loss of power: whole, or not at all.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile, TempPath};

use crate::error::{Error, Result};
use crate::place::Entry;

/// A new file in `dir` that is removed when dropped. Its name begins with `prefix`.
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

pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    absent_is_none(fs::read(path)).map_err(Error::io("read", path))
}

pub(crate) fn size(path: &Path) -> Result<Option<u64>> {
    let found = absent_is_none(fs::metadata(path)).map_err(Error::io("look at", path))?;
    Ok(found.filter(fs::Metadata::is_file).map(|found| found.len()))
}

/// Puts `bytes` at `path` in one step. The file is written in `staging` first.
pub(crate) fn replace(staging: &Path, path: &Path, bytes: &[u8]) -> Result<()> {
    create_dirs(staging)?;
    let mut file = scratch(staging, "file.", ".tmp")?;
    file.write_all(bytes).map_err(Error::io("write", path))?;
    let (file, scratch) = file.into_parts();
    publish(&file, scratch, path)
}

/// Puts a finished file in its place: its bytes reach the disk, then its name changes, then the
/// change of the name reaches the disk.
pub(crate) fn publish(file: &File, scratch: TempPath, path: &Path) -> Result<()> {
    file.sync_all().map_err(Error::io("write", &scratch))?;
    let parent = parent(path)?;
    create_dirs(parent)?;
    scratch
        .persist(path)
        .map_err(|error| Error::io("write", path)(error.error))?;
    sync_dir(parent)
}

/// Removes a file, and its folder if that is the file's alone and empty by then; says whether the
/// file was there.
pub(crate) fn remove(path: &Path, own_folder: bool) -> Result<bool> {
    if absent_is_none(fs::remove_file(path))
        .map_err(Error::io("remove", path))?
        .is_none()
    {
        return Ok(false);
    }
    let folder = parent(path)?;
    sync_dir(folder)?;
    // Refused by the system unless the folder is empty, which is what is wanted.
    if own_folder && fs::remove_dir(folder).is_ok() {
        sync_dir(parent(folder)?)?;
    }
    Ok(true)
}

/// The files under `root/prefix`, with their paths relative to `root`, sorted.
pub(crate) fn list(root: &Path, prefix: &str) -> Result<Vec<Entry>> {
    let mut found = Vec::new();
    let mut open = vec![prefix.to_owned()];
    while let Some(folder) = open.pop() {
        let path = join(root, &folder);
        let wrong = Error::io("list", &path);
        let Some(entries) = absent_is_none(fs::read_dir(&path)).map_err(&wrong)? else {
            continue;
        };
        for entry in entries {
            let entry = entry.map_err(&wrong)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let name = if folder.is_empty() {
                name
            } else {
                format!("{folder}/{name}")
            };
            // Follows links, so that a stage may lie on another disk.
            let Some(about) =
                absent_is_none(fs::metadata(entry.path())).map_err(Error::io("look at", &path))?
            else {
                continue;
            };
            if about.is_dir() {
                open.push(name);
            } else {
                found.push(Entry {
                    path: name,
                    bytes: about.len(),
                });
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The size and the blake3 of a file.
pub(crate) fn hash(path: &Path) -> Result<Option<(u64, String)>> {
    let wrong = Error::io("read", path);
    let Some(mut file) = absent_is_none(File::open(path)).map_err(&wrong)? else {
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
pub(crate) fn create_dirs(path: &Path) -> Result<()> {
    let missing: Vec<PathBuf> = path
        .ancestors()
        .take_while(|dir| !dir.is_dir())
        .map(Path::to_owned)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    fs::create_dir_all(path).map_err(Error::io("create directory", path))?;
    for dir in missing {
        sync_dir(parent(&dir)?)?;
    }
    Ok(())
}

/// `relative`, whose parts are separated by `/`, under `root`.
pub(crate) fn join(root: &Path, relative: &str) -> PathBuf {
    let mut path = root.to_owned();
    path.extend(relative.split('/').filter(|part| !part.is_empty()));
    path
}

fn parent(path: &Path) -> Result<&Path> {
    path.parent().ok_or_else(|| {
        Error::io("find the directory of", path)(io::Error::from(io::ErrorKind::InvalidInput))
    })
}

#[cfg(unix)]
fn sync_dir(dir: &Path) -> Result<()> {
    File::open(dir)
        .and_then(|dir| dir.sync_all())
        .map_err(Error::io("write directory", dir))
}

/// Elsewhere a directory cannot be opened as a file; the system orders its changes by itself.
#[cfg(not(unix))]
fn sync_dir(_dir: &Path) -> Result<()> {
    Ok(())
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
