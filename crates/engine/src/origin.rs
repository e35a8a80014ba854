//! Where a partition's data is from, as its file and its manifest say: the
//! source, what part of all there is it has, and whether it was generated and
//! describes nothing real.

use std::fs::File;
use std::path::Path;

use hubcensus_lake::{CoverageFacts, Manifest};
use hubcensus_spec::Source;
use parquet::file::metadata::FileMetaData;
use parquet::file::reader::{FileReader as _, SerializedFileReader};

use crate::plan::address;

/// The key under which a generated Parquet file says so, and every file of the
/// lake that is made from one.
const GENERATED: &str = "hubcensus.generated";
/// The key under which a file names the source of its data.
const SOURCE: &str = "hubcensus.source";
/// The key under which a file says what part of all there is its data has:
/// `census`, or `sample` or `ranking` with the part in words.
const COVERAGE: &str = "hubcensus.coverage";

/// The part of a file's name that says so where the format has no place for it.
const MARK: &str = ".generated.";

/// What is said of a file that says so by its name. The name itself is left
/// out: a partition's bytes depend on what its input holds, not on how it is
/// called.
const BY_NAME: &str = "Generated, as the name of the snapshot's file says: not real data.";

/// Where a partition's data is from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DataOrigin {
    /// That it was generated, and by what.
    pub(crate) generated: Option<String>,
    /// What part of all there is it has.
    pub(crate) coverage: Option<CoverageFacts>,
}

impl DataOrigin {
    /// Of a source's file.
    pub(crate) fn of_source(source: &Source, generated: Option<String>) -> Self {
        Self {
            generated,
            coverage: Some(CoverageFacts {
                kind: source.coverage.to_string(),
                part: source.part.clone(),
                source: source.name.value.clone(),
            }),
        }
    }

    /// Of what is made from partitions: generated if one of them is, and covering what the one with
    /// the most rows covers, the first of several: the facts of a few accounts beside all models
    /// make no sample of the models.
    pub(crate) fn of_inputs<'m>(inputs: impl Iterator<Item = &'m Manifest>) -> Self {
        let mut origin = Self::default();
        let mut most = None;
        for manifest in inputs {
            if origin.generated.is_none() {
                origin.generated.clone_from(&manifest.facts.generated);
            }
            let rows = manifest.file().map(|file| file.rows);
            if manifest.facts.coverage.is_some() && (origin.coverage.is_none() || rows > most) {
                origin.coverage.clone_from(&manifest.facts.coverage);
                most = rows;
            }
        }
        origin
    }

    /// What a file says of it in its metadata.
    pub(crate) fn metadata(&self) -> impl Iterator<Item = (String, String)> + '_ {
        let generated = self.generated.iter();
        let generated = generated.map(|note| (GENERATED.to_owned(), note.clone()));
        let covered = self.coverage.iter().flat_map(|coverage| {
            let part = coverage.part.iter().map(|part| format!(": {part}"));
            let words = coverage.kind.clone() + &part.collect::<String>();
            [
                (SOURCE.to_owned(), coverage.source.clone()),
                (COVERAGE.to_owned(), words),
            ]
        });
        generated.chain(covered)
    }
}

/// What a file says of its being generated, in its metadata or by its name;
/// nothing if it says nothing or cannot be read, which its reader will tell.
pub(crate) fn note(path: &Path, address: &str) -> Option<String> {
    if address::file_name(address).contains(MARK) {
        return Some(BY_NAME.to_owned());
    }
    let reader = SerializedFileReader::new(File::open(path).ok()?).ok()?;
    generated(reader.metadata().file_metadata())
}

/// What a Parquet file says of its being generated.
pub(crate) fn generated(metadata: &FileMetaData) -> Option<String> {
    metadata
        .key_value_metadata()?
        .iter()
        .find(|entry| entry.key == GENERATED)?
        .value
        .clone()
}
