//! The files of one snapshot: one, or as many as a location with `*` means.

use futures::stream::{self, StreamExt as _, TryStreamExt as _};

use crate::plan::address;
use crate::plan::description::{self, Description};
use crate::plan::hash_cache::HashCache;
use crate::plan::input_file::{InputFile, LocalFile, NoFile};
use crate::plan::wildcard;

/// Files that are looked at or copied at a time.
const AT_ONCE: usize = 4;

/// The files of one snapshot, and what they hold as a hash.
#[derive(Debug)]
pub(crate) struct SnapshotFiles {
    /// How messages call them: the address of the file, or the location and how
    /// many files it means.
    pub(crate) shown: String,
    /// The hash of the file; of several, that of their names and hashes.
    pub(crate) hash: String,
    /// What the descriptions beside the files say, if they have any.
    pub(crate) description: Option<Description>,
    location: String,
    /// By name; at least one.
    files: Vec<InputFile>,
}

impl SnapshotFiles {
    /// Finds and hashes the files that a location means.
    ///
    /// # Errors
    ///
    /// None is there, or one cannot be read.
    pub(crate) async fn look(location: &str, known: &HashCache) -> Result<Self, NoFile> {
        let mut shown = address::shown(location);
        let locations = locations(location).await?;
        let files: Vec<InputFile> = stream::iter(&locations)
            .map(|location| InputFile::look(location, known))
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        let hash = match files.as_slice() {
            [file] => {
                shown.clone_from(&file.address);
                file.hash.clone()
            }
            files => {
                shown = format!("{shown} ({} files)", files.len());
                let mut hasher = blake3::Hasher::new();
                for file in files {
                    hasher.update(file.name().as_bytes());
                    hasher.update(b"\n");
                    hasher.update(file.hash.as_bytes());
                    hasher.update(b"\n");
                }
                hasher.finalize().to_hex().to_string()
            }
        };
        let descriptions = stream::iter(&files)
            .map(description::beside)
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        Ok(Self {
            shown,
            hash,
            description: description::of_all(&files, descriptions)?,
            location: location.to_owned(),
            files,
        })
    }

    /// The files, by name.
    pub(crate) fn files(&self) -> &[InputFile] {
        &self.files
    }

    /// The last part of the location: the file's name, or the pattern of their
    /// names and how many they are.
    pub(crate) fn name(&self) -> String {
        address::file_name(&self.shown).to_owned()
    }

    /// The bytes of all of them.
    pub(crate) fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Keeps the hashes for a later run.
    pub(crate) fn remember(&self, known: &mut HashCache) {
        for file in &self.files {
            file.remember(known);
        }
    }

    /// Brings the files to where they can be read at random, and sees that they
    /// are those that were hashed, no more and no fewer.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, that is another by now, or that was not there
    /// or was there.
    pub(crate) async fn fetch(&self) -> Result<Vec<LocalFile>, String> {
        let now = locations(&self.location).await?;
        if !now.iter().eq(self.files.iter().map(InputFile::location)) {
            return Err(format!(
                "{} has other files than when it was planned; run again once it is complete",
                self.shown
            ));
        }
        stream::iter(&self.files)
            .map(InputFile::fetch)
            .buffered(AT_ONCE)
            .try_collect()
            .await
    }

    /// Sees that no file changed while it was read.
    ///
    /// # Errors
    ///
    /// A file that did, or that cannot be looked at any more.
    pub(crate) async fn unchanged(&self, read: &[LocalFile]) -> Result<(), String> {
        for (file, read) in self.files.iter().zip(read) {
            file.unchanged(read).await?;
        }
        Ok(())
    }
}

/// The locations of the files, by name.
async fn locations(location: &str) -> Result<Vec<String>, NoFile> {
    let Some((folder, pattern)) = wildcard::split(location) else {
        return Ok(vec![location.to_owned()]);
    };
    let found = wildcard::files(folder, pattern).await;
    let found = found.map_err(|error| error.to_string())?;
    if found.is_empty() {
        return Err(NoFile::Missing(format!(
            "no file matches {}; check the date and the location (--from)",
            address::shown(location)
        )));
    }
    Ok(found.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use hubcensus_lake::Lake;

    use super::*;
    use crate::plan::hash_cache::INPUTS;

    async fn look(folder: &Path, pattern: &str) -> Result<SnapshotFiles, String> {
        let lake = Lake::open("memory:///lake").await.unwrap();
        let known = HashCache::load(&lake, INPUTS).await.unwrap();
        let location = format!("{}/{pattern}", folder.display());
        let found = SnapshotFiles::look(&location, &known).await;
        found.map_err(String::from)
    }

    #[tokio::test]
    async fn one_file_has_its_own_hash_and_several_that_of_names_and_hashes() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("b.csv"), "b").unwrap();
        let one = look(dir.path(), "*.csv").await.unwrap();
        assert_eq!(one.hash, blake3::hash(b"b").to_hex().to_string());
        assert!(one.shown.ends_with("/b.csv"), "{}", one.shown);

        fs::write(dir.path().join("a.csv"), "a").unwrap();
        let two = look(dir.path(), "*.csv").await.unwrap();
        let lines = format!(
            "a.csv\n{}\nb.csv\n{}\n",
            blake3::hash(b"a").to_hex(),
            blake3::hash(b"b").to_hex()
        );
        assert_eq!(
            two.hash,
            blake3::hash(lines.as_bytes()).to_hex().to_string()
        );
        assert!(two.shown.ends_with("/*.csv (2 files)"), "{}", two.shown);
        assert_eq!(two.bytes(), 2);
    }

    #[tokio::test]
    async fn a_file_that_comes_or_goes_after_planning_is_told() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["a.csv", "b.csv"] {
            fs::write(dir.path().join(name), name).unwrap();
        }
        let files = look(dir.path(), "*.csv").await.unwrap();
        let read = files.fetch().await.unwrap();
        files.unchanged(&read).await.unwrap();
        fs::write(dir.path().join("c.csv"), "c").unwrap();
        let error = files.fetch().await.unwrap_err();
        assert!(error.contains("other files than when it was planned"));
        fs::remove_file(dir.path().join("c.csv")).unwrap();
        fs::remove_file(dir.path().join("b.csv")).unwrap();
        assert!(files.fetch().await.is_err());
        let error = look(dir.path(), "*.json").await.unwrap_err();
        assert!(error.starts_with("no file matches "), "{error}");
    }
}
