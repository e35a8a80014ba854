//! How a partition takes the place of another.
//!
//! ```text
//!            what can fail          one step each, and each durable before the next
//! ready file, ready manifest ──▶ old manifest removed ──▶ file in place ──▶ manifest in place
//! ```
//!
//! So at no moment does a manifest stand beside a file that it does not describe. Cut off in
//! between, the partition counts as absent and is made again. If a step fails, what is there
//! decides: the old file gets its manifest back, the new one gets its own.

use bytes::Bytes;
use hubcensus_spec::PartitionId;

use crate::error::{Error, Result};
use crate::lake::Lake;
use crate::layout;
use crate::manifest::{Contents, Facts, Manifest};
use crate::place::file::Scratch;
use crate::place::{Published, Ready};
use crate::stamp::Stamp;

/// A partition that was put in its place.
#[derive(Clone, Debug)]
pub struct Committed {
    /// What the lake knows of it from now on.
    pub manifest: Manifest,
    /// By what its file can be known again; `None` if there is no file, or if the store does not
    /// tell.
    pub stamp: Option<Stamp>,
}

impl Lake {
    /// Records that the table cannot be made of a snapshot, and removes an older file of it.
    ///
    /// Call it while the [`LakeLock`](crate::LakeLock) is held. Dropped on the way, the partition
    /// may be left absent.
    ///
    /// # Errors
    /// [`Error::LockLost`], [`Error::InPlace`], [`Error::Unsettled`]; the disk's and the store's
    /// errors, and then the partition is what it was.
    pub async fn skip(&self, id: &PartitionId, reason: &str, facts: Facts) -> Result<Manifest> {
        let manifest = Manifest {
            id: id.clone(),
            contents: Contents::Skipped {
                reason: reason.to_owned(),
            },
            facts,
        };
        Ok(commit(self, manifest, None).await?.manifest)
    }

    /// Removes a partition and everything kept about it; says whether there was one.
    ///
    /// Call it while the [`LakeLock`](crate::LakeLock) is held.
    ///
    /// # Errors
    /// [`Error::LockLost`]; the disk's and the store's errors.
    pub async fn remove(&self, id: &PartitionId) -> Result<bool> {
        self.ensure_writer()?;
        // Cut off in between, a manifest without its file: the partition counts as absent.
        let file = self.place().remove(&layout::part(id)).await?;
        let manifest = self.place().remove(&layout::manifest(id)).await?;
        self.clear_rejected(id).await?;
        self.place().remove(&layout::rejected_rows(id)).await?;
        Ok(file || manifest)
    }
}

/// Puts a manifest, and the file that it describes if it describes one, in the place of what there
/// is of the partition.
pub(crate) async fn commit(
    lake: &Lake,
    manifest: Manifest,
    file: Option<Scratch>,
) -> Result<Committed> {
    lake.ensure_writer()?;
    let place = lake.place();
    let part = layout::part(&manifest.id);
    let at = layout::manifest(&manifest.id);
    let file = match file {
        Some(scratch) => Some(place.ready_file(scratch, &part).await?),
        None => None,
    };
    let ready = place.ready_bytes(manifest.to_json(), &at).await?;
    let old = place.read(&at).await?;
    lake.clear_rejected(&manifest.id).await?;
    lake.ensure_writer()?;
    match replace(lake, file, ready, old.is_some(), &part, &at).await {
        Ok(None) => Ok(Committed {
            manifest,
            stamp: None,
        }),
        Ok(Some(published)) => Ok(Committed {
            stamp: place.stamp_of(published, &part).await,
            manifest,
        }),
        Err(error) => Err(settle(lake, &manifest, old, error).await),
    }
}

async fn replace(
    lake: &Lake,
    file: Option<Ready>,
    manifest: Ready,
    has_old: bool,
    part: &str,
    at: &str,
) -> Result<Option<Published>> {
    let place = lake.place();
    if has_old {
        place.remove(at).await?;
    }
    let published = match file {
        Some(file) => Some(place.publish(file, part).await?),
        None => {
            place.remove(part).await?;
            None
        }
    };
    place.publish(manifest, at).await?;
    Ok(published)
}

/// After a step failed: sees which file is there, and puts the manifest beside it that describes
/// it. Gives the error to tell.
async fn settle(lake: &Lake, new: &Manifest, old: Option<Bytes>, error: Error) -> Error {
    let at = layout::manifest(&new.id);
    let unsettled = |error: Error, then: Error| Error::Unsettled {
        partition: new.id.to_string(),
        source: Box::new(error),
        then: Box::new(then),
    };
    let found = match lake.place().hash(&layout::part(&new.id)).await {
        Ok(found) => found.map(|(_, hash)| hash),
        Err(then) => return unsettled(error, then),
    };
    let describes =
        |manifest: &Manifest| manifest.file().map(|file| file.blake3.as_str()) == found.as_deref();
    if describes(new) {
        return match lake.place().replace(&at, new.to_json()).await {
            Ok(()) => Error::InPlace {
                partition: new.id.to_string(),
                source: Box::new(error),
            },
            Err(then) => unsettled(error, then),
        };
    }
    let Some(json) = old else { return error };
    match Manifest::from_json(&at, &new.id, &json) {
        Ok(Ok(old)) if describes(&old) => {}
        // It described something else before, too.
        _ => return error,
    }
    match lake.place().replace(&at, json.to_vec()).await {
        Ok(()) => error,
        Err(then) => unsettled(error, then),
    }
}
