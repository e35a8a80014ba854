//! The hashes of files that were read before: a file whose stamp is what it was
//! is taken to be what it was. It may all be forgotten at any time; it only
//! saves reading.

use std::collections::BTreeMap;

use hubcensus_lake::{Lake, Stamp};
use serde::{Deserialize, Serialize};

use crate::error::EngineError;

/// Where the lake keeps the hashes of its partitions.
pub(crate) const PARTITIONS: &str = "partitions.json";
/// Where it keeps those of the files of sources.
pub(crate) const INPUTS: &str = "input-hashes.json";

/// A file as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct CachedHash {
    stamp: Stamp,
    hash: String,
}

/// The hashes of files, by their paths or addresses.
#[derive(Debug)]
pub(crate) struct HashCache {
    name: &'static str,
    known: BTreeMap<String, CachedHash>,
    changed: bool,
}

impl HashCache {
    /// What the lake keeps under `name`.
    pub(crate) async fn load(lake: &Lake, name: &'static str) -> Result<Self, EngineError> {
        let known = match lake.get_side(name).await? {
            Some(bytes) => serde_json::from_slice(&bytes).unwrap_or_default(),
            None => BTreeMap::new(),
        };
        Ok(Self {
            name,
            known,
            changed: false,
        })
    }

    /// The hash of a file, if it was read and has not been touched since.
    pub(crate) fn hash(&self, file: &str, stamp: &Stamp) -> Option<&str> {
        let known = self.known.get(file)?;
        (known.stamp == *stamp && stamp.tells()).then_some(&known.hash)
    }

    /// Keeps the hash of a file that had this stamp before it was read.
    pub(crate) fn insert(&mut self, file: String, stamp: Stamp, hash: String) {
        let read = CachedHash { stamp, hash };
        self.changed |= self.known.get(&file) != Some(&read);
        self.known.insert(file, read);
    }

    /// Has the lake keep what is new. A lake that cannot take it is none the
    /// worse.
    pub(crate) async fn save(&mut self, lake: &Lake) {
        if !self.changed {
            return;
        }
        if let Ok(json) = serde_json::to_vec_pretty(&self.known)
            && let Err(error) = lake.put_side(self.name, json).await
        {
            tracing::debug!(%error, name = self.name, "hashes not saved");
        }
        self.changed = false;
    }
}
