//! What stands beside a snapshot: what was asked, of whom, when, and how complete it is.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use hubcensus_spec::SnapshotDate;
use serde::{Deserialize, Serialize};

/// The description of a snapshot, as the JSON file beside it has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// The format of this description.
    pub format: u32,
    /// From where: `hub-api`, `hub-stats`, `hub-weekly`.
    pub source: String,
    /// Of which kind the rows are.
    pub kind: String,
    /// The snapshot's date.
    pub date: SnapshotDate,
    /// The file, beside this one.
    pub file: String,
    /// The Hub's address.
    pub endpoint: String,
    /// What was asked of it.
    pub asked: BTreeMap<String, serde_json::Value>,
    /// When the first request was made.
    pub begun: DateTime<Utc>,
    /// When the last answer came.
    pub ended: DateTime<Utc>,
    /// `census`, `ranking` or `sample`.
    pub coverage: String,
    /// Which part it is, in words; null for everything.
    pub part: Option<String>,
    /// How many rows there are.
    pub rows: u64,
    /// How many pages they came on.
    pub pages: u64,
    /// Rows made while the list was read, found by a last look at its first page.
    #[serde(default)]
    pub created_meanwhile: u64,
    /// Rows left out because they had come before.
    #[serde(default)]
    pub repeated: u64,
    /// Fields that the server refused.
    #[serde(default)]
    pub dropped_fields: Vec<String>,
    /// Bytes of the file.
    pub bytes: u64,
    /// A hash of the file (BLAKE3).
    pub hash: String,
    /// Of an archive: the state that the rows are from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<Upstream>,
    /// Of an archive: the columns that were taken, with their types in the file.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<String, String>,
    /// Of an archive: columns that were asked for and are not in the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing_columns: Vec<String>,
    /// Of an archive: columns of the file that were not asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_columns: Vec<String>,
}

/// A state of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upstream {
    /// The repository.
    pub repo: String,
    /// The file in it.
    pub path: String,
    /// The commit.
    pub commit: String,
    /// When the commit was made. Not the date that the snapshot is filed under: a weekly folder's
    /// date is up to six days earlier than its data.
    pub committed: Option<DateTime<Utc>>,
    /// The hash of the file there: two snapshots with one hash are one state.
    pub etag: Option<String>,
    /// Of an archive made from another: the commit of that one whose data these are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_from: Option<Box<Upstream>>,
    /// Revisions of the day that came later and are gone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<String>,
}

impl Description {
    /// The name of the description of a file.
    pub fn name_for(file: &str) -> String {
        hubcensus_spec::description_name(file)
    }

    /// As it is written.
    pub(crate) fn json(&self) -> Vec<u8> {
        // Texts, numbers and lists: nothing that JSON cannot hold.
        let mut json = serde_json::to_vec_pretty(self).unwrap_or_default();
        json.push(b'\n');
        json
    }
}

/// The hash of a file, and its bytes.
pub(crate) fn file_hash(path: &std::path::Path) -> std::io::Result<(u64, String)> {
    let mut hasher = blake3::Hasher::new();
    let mut file = std::fs::File::open(path)?;
    let bytes = std::io::copy(&mut file, &mut hasher)?;
    Ok((bytes, hasher.finalize().to_hex().to_string()))
}
