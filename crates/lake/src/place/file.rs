//! Files of a place: one that is there, and one that is being written outside the tables.

use std::fs::File;

use tempfile::{NamedTempFile, TempPath};

/// A file that is there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    pub(crate) path: String,
    pub(crate) bytes: u64,
}

/// A file outside the tables, removed when dropped.
#[derive(Debug)]
pub(crate) struct Scratch {
    pub(crate) file: File,
    pub(crate) path: TempPath,
    /// Its bytes have reached the disk.
    pub(crate) durable: bool,
}

impl Scratch {
    pub(crate) fn new(file: NamedTempFile) -> Self {
        let (file, path) = file.into_parts();
        Self {
            file,
            path,
            durable: false,
        }
    }
}
