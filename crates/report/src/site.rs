//! The folder of a report: written beside, and put in its place when it is whole.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The file by which a folder is known as a report.
pub const MARKER: &str = "hubcensus-report.json";

/// The files of a site, by path.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// Whether a report may be put there.
pub(crate) fn check(folder: &Path) -> Result<()> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Error::io("read", folder)(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(Error::io("read", folder))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    match names.first() {
        Some(first) if names.iter().all(|name| name != MARKER) => Err(Error::Foreign {
            folder: folder.to_owned(),
            found: first.clone(),
            marker: MARKER,
        }),
        _ => Ok(()),
    }
}

/// Writes a report beside its place and then renames it; what stood there before is kept until the
/// new one is whole, and put back if that cannot take its place.
pub(crate) fn write(folder: &Path, files: &Files) -> Result<()> {
    check(folder)?;
    let parent = match folder.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => Path::new("."),
    };
    fs::create_dir_all(parent).map_err(Error::io("make", parent))?;
    let beside = tempfile::Builder::new()
        .prefix(".hubcensus-report-")
        .tempdir_in(parent)
        .map_err(Error::io("write to", parent))?;
    let new = beside.path().join("new");
    for (path, bytes) in files {
        let path = new.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(Error::io("make", parent))?;
        }
        fs::write(&path, bytes).map_err(Error::io("write", &path))?;
    }
    let old: PathBuf = beside.path().join("old");
    let had_one = folder.exists();
    if had_one {
        fs::rename(folder, &old).map_err(Error::io("replace", folder))?;
    }
    if let Err(error) = fs::rename(&new, folder) {
        if had_one {
            fs::rename(&old, folder).map_err(Error::io("put back", folder))?;
        }
        return Err(Error::io("put in its place", folder)(error));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(text: &str) -> Files {
        let entry = |path: &str| (path.to_owned(), text.as_bytes().to_vec());
        Files::from([entry(MARKER), entry("data/a.csv")])
    }

    #[test]
    fn a_report_replaces_a_report_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let site = dir.path().join("deep/site");
        write(&site, &files("one")).unwrap();
        fs::write(site.join("data/stale.csv"), "gone after the next").unwrap();
        write(&site, &files("two")).unwrap();
        assert_eq!(fs::read(site.join("data/a.csv")).unwrap(), b"two");
        assert!(!site.join("data/stale.csv").exists());
        // Nothing is left beside it.
        assert_eq!(fs::read_dir(dir.path().join("deep")).unwrap().count(), 1);

        let other = dir.path().join("other");
        fs::create_dir(&other).unwrap();
        write(&other, &files("into an empty folder")).unwrap();
        let precious = dir.path().join("precious");
        fs::create_dir(&precious).unwrap();
        fs::write(precious.join("thesis.tex"), "years").unwrap();
        let refused = write(&precious, &files("no")).unwrap_err();
        assert!(matches!(refused, Error::Foreign { .. }), "{refused}");
        assert_eq!(fs::read(precious.join("thesis.tex")).unwrap(), b"years");
        assert_eq!(fs::read_dir(&precious).unwrap().count(), 1);
    }
}
