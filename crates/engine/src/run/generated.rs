//! Whether a file says of itself that it was generated and describes nothing
//! real.

use std::fs::File;
use std::path::Path;

use parquet::file::reader::{FileReader as _, SerializedFileReader};

/// The key under which a generated Parquet file says so, and every file of the
/// lake that is made from one.
pub(crate) const KEY: &str = "hubcensus.generated";

/// The part of a file's name that says so where the format has no place for it.
const MARK: &str = ".generated.";

/// What is said of a file that says so by its name. The name itself is left
/// out: a partition's bytes depend on what its input holds, not on how it is
/// called.
const BY_NAME: &str = "Generated, as the name of the snapshot's file says: not real data.";

/// What a file says of its being generated, in its metadata or by its name;
/// nothing if it says nothing or cannot be read, which its reader will tell.
pub(crate) fn note(path: &Path, address: &str) -> Option<String> {
    if file_name(address).contains(MARK) {
        return Some(BY_NAME.to_owned());
    }
    let reader = SerializedFileReader::new(File::open(path).ok()?).ok()?;
    reader
        .metadata()
        .file_metadata()
        .key_value_metadata()?
        .iter()
        .find(|entry| entry.key == KEY)?
        .value
        .clone()
}

/// The last part of an address.
pub(crate) fn file_name(address: &str) -> &str {
    address.rsplit(['/', '\\']).next().unwrap_or(address)
}
