//! Which files were looked at before: a file whose size and time of change are
//! what they were is taken to be what it was. It may all be forgotten at any
//! time; it only saves reading.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::stream::{self, StreamExt as _};
use hubcensus_lake::Lake;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt as _};
use serde::{Deserialize, Serialize};

use crate::error::EngineError;

/// Where the lake keeps it.
const PARTITIONS: &str = "partitions.json";

/// One look at a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CachedHash {
    bytes: u64,
    modified: String,
    hash: String,
}

impl CachedHash {
    pub(crate) fn new(meta: &ObjectMeta, hash: String) -> Self {
        Self {
            bytes: meta.size,
            modified: modified(meta),
            hash,
        }
    }

    /// The hash, if the file has not been touched since.
    pub(crate) fn still(&self, meta: &ObjectMeta) -> Option<&str> {
        (self.bytes == meta.size && self.modified == modified(meta)).then_some(&self.hash)
    }
}

fn modified(meta: &ObjectMeta) -> String {
    meta.last_modified.to_rfc3339()
}

/// What is read at once, in bytes. A stream of a local file has pieces so small
/// that asking for them takes longer than hashing them.
const PIECE: u64 = 8 << 20;
/// Pieces that are read side by side.
const PIECES: usize = 4;

/// The hash of an object's bytes, in hexadecimal.
pub(crate) async fn hash_of(
    store: &Arc<dyn ObjectStore>,
    meta: &ObjectMeta,
) -> Result<String, object_store::Error> {
    let pieces = (0..meta.size.div_ceil(PIECE)).map(|piece| {
        let from = piece * PIECE;
        store.get_range(&meta.location, from..meta.size.min(from + PIECE))
    });
    let mut pieces = stream::iter(pieces).buffered(PIECES);
    let mut hasher = blake3::Hasher::new();
    while let Some(bytes) = pieces.next().await {
        hasher.update(&bytes?);
    }
    Ok(hasher.finalize().to_hex().to_string())
}

/// The looks at a lake's partitions, by path.
#[derive(Debug, Default)]
pub(crate) struct HashCache {
    known: BTreeMap<String, CachedHash>,
    changed: bool,
}

impl HashCache {
    pub(crate) async fn load(lake: &Lake) -> Result<Self, EngineError> {
        let known = match lake.get_side(PARTITIONS).await? {
            Some(bytes) => serde_json::from_slice(&bytes).unwrap_or_default(),
            None => BTreeMap::new(),
        };
        Ok(Self {
            known,
            changed: false,
        })
    }

    /// The hash of a file, if it was looked at and has not been touched since.
    pub(crate) fn hash(&self, meta: &ObjectMeta) -> Option<&str> {
        let known = self.known.get(meta.location.as_ref());
        known.and_then(|look| look.still(meta))
    }

    /// Keeps a look at a file.
    pub(crate) fn insert(&mut self, meta: &ObjectMeta, hash: String) {
        self.known
            .insert(meta.location.to_string(), CachedHash::new(meta, hash));
        self.changed = true;
    }

    /// Takes note of a file that is known to be what it should.
    pub(crate) async fn record(&mut self, store: &Arc<dyn ObjectStore>, path: &Path, hash: &str) {
        let Ok(meta) = store.head(path).await else {
            return;
        };
        if self.hash(&meta) != Some(hash) {
            self.insert(&meta, hash.to_owned());
        }
    }

    /// A lake that cannot take it is none the worse.
    pub(crate) async fn save(&mut self, lake: &Lake) {
        if !self.changed {
            return;
        }
        if let Ok(json) = serde_json::to_vec_pretty(&self.known)
            && let Err(error) = lake.put_side(PARTITIONS, json).await
        {
            tracing::debug!(%error, "hash cache not saved");
        }
        self.changed = false;
    }
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;

    use super::*;

    #[tokio::test]
    async fn pieces_are_hashed_in_their_order() {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let whole = usize::try_from(PIECE).unwrap();
        for size in [0, 1, whole, 5 * whole + 3] {
            let bytes: Vec<u8> = (0..size).map(|at| (at / 4_096) as u8).collect();
            let expected = blake3::hash(&bytes).to_hex().to_string();
            let path = Path::from("file");
            store.put(&path, bytes.into()).await.unwrap();
            let meta = store.head(&path).await.unwrap();
            assert_eq!(hash_of(&store, &meta).await.unwrap(), expected, "{size}");
        }
    }
}
