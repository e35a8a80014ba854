//! A lake: where it is, who writes to it, and what it keeps beside its partitions.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use hubcensus_spec::PartitionId;
use object_store::ObjectStore;
use object_store::path::Path;
use url::Url;

use crate::address;
use crate::error::{Error, Result};
use crate::layout;
use crate::lock::lease::Lease;
use crate::place::Place;

/// A directory or a bucket full of tables, one Parquet file per table and snapshot date.
///
/// Cheap to clone; every clone is the same lake.
#[derive(Clone, Debug)]
pub struct Lake(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    address: String,
    store_url: Url,
    place: Place,
    /// The lease of this process, where the lock is one that can be lost.
    lease: Mutex<Option<Arc<Lease>>>,
}

impl Lake {
    /// The lake at `address`: a local path, `file://`, `memory://` (empty, and gone with the last
    /// clone), or, with the feature `cloud`, whatever else `object_store` reaches (`s3://`,
    /// `gs://`, `az://`, `http(s)://`), configured by its environment variables.
    ///
    /// Nothing is created before something is written.
    ///
    /// # Errors
    /// [`Error::Address`].
    pub async fn open(address: &str) -> Result<Self> {
        let resolved = address::resolve(address)?;
        let place = Place::new(resolved.store, resolved.root, resolved.local_root);
        Ok(Self::new(address.to_owned(), resolved.store_url, place))
    }

    /// The lake that begins at `root` in `store`. Give `local_root`, the same place as a
    /// directory, if the store is the local disk: only so are files made to survive a loss of
    /// power.
    ///
    /// # Errors
    /// None that can be met: the signature follows from that of `Url::parse`.
    pub fn on(
        store: Arc<dyn ObjectStore>,
        root: Path,
        local_root: Option<PathBuf>,
    ) -> Result<Self> {
        let address = match &local_root {
            Some(directory) => directory.display().to_string(),
            None => format!("{store} at /{root}"),
        };
        let url = if local_root.is_some() {
            "file:///"
        } else {
            "lake:///"
        };
        let store_url = Url::parse(url).map_err(|error| Error::Address {
            address: address.clone(),
            why: error.to_string(),
        })?;
        let place = Place::new(store, root, local_root);
        Ok(Self::new(address, store_url, place))
    }

    fn new(address: String, store_url: Url, place: Place) -> Self {
        Self(Arc::new(Inner {
            address,
            store_url,
            place,
            lease: Mutex::new(None),
        }))
    }

    /// The address, as it was given.
    pub fn address(&self) -> &str {
        &self.0.address
    }

    /// The store that holds the tables.
    pub fn store(&self) -> &Arc<dyn ObjectStore> {
        self.0.place.store()
    }

    /// The URL, without a path, under which an engine can register the store.
    pub fn store_url(&self) -> &Url {
        &self.0.store_url
    }

    /// The directory, if the lake is one.
    pub fn local_root(&self) -> Option<&std::path::Path> {
        self.0.place.local_root()
    }

    /// Where a file is in the store, given its path relative to the lake, as manifests have it.
    pub fn locate(&self, file: &str) -> Path {
        self.0.place.object(file)
    }

    /// Keeps a small file of the engine's own, such as the hashes of files it has seen. It may be
    /// lost; nothing may depend on it but time.
    ///
    /// # Errors
    /// [`Error::FileName`]; the disk's and the store's errors.
    pub async fn put_side(&self, name: &str, bytes: Vec<u8>) -> Result<()> {
        self.place().replace(&layout::side(name)?, bytes).await
    }

    /// What [`Lake::put_side`] kept; `None` if nothing.
    ///
    /// # Errors
    /// [`Error::FileName`]; the disk's and the store's errors.
    pub async fn get_side(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let found = self.place().read(&layout::side(name)?).await?;
        Ok(found.map(Vec::from))
    }

    pub(crate) fn place(&self) -> &Place {
        &self.0.place
    }

    pub(crate) fn set_lease(&self, lease: Option<Arc<Lease>>) {
        *self.0.lease.lock().unwrap_or_else(PoisonError::into_inner) = lease;
    }

    /// Refuses to write once the lock was lost.
    pub(crate) fn ensure_writer(&self) -> Result<()> {
        let lease = self.0.lease.lock().unwrap_or_else(PoisonError::into_inner);
        match lease.as_ref().and_then(|lease| lease.lost()) {
            Some(why) => Err(Error::LockLost {
                lake: self.0.address.clone(),
                why,
            }),
            None => Ok(()),
        }
    }

    /// Removes what an earlier check refused; the rows set aside on their way in stay.
    pub(crate) async fn clear_rejected(&self, id: &PartitionId) -> Result<()> {
        let rows = layout::rejected_rows(id);
        for entry in self.place().list(&layout::rejected(id)).await? {
            if entry.path != rows {
                self.place().remove(&entry.path).await?;
            }
        }
        Ok(())
    }
}
