//! Who may write: one process at a time, and not one that has died.
//!
//! A directory is locked by the system, which gives the lock back when its holder ends. A bucket
//! holds a lease: an object that only one of two writers can create or change, with the time at
//! which it runs out. Its holder renews it; a holder that died does not, and one that was
//! suspended finds that it may no longer commit.

pub(crate) mod lease;

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Seek, Write};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::error::{Error, Result};
use crate::lake::Lake;
use crate::layout;
use crate::place::blocking;
use crate::place::disk::Disk;

/// How long a holder may be out of reach before another may write.
pub(crate) const LEASE: Duration = Duration::from_secs(60);

/// The right to write to a lake, given back when dropped.
#[derive(Debug)]
pub struct LakeLock {
    lake: Lake,
    held: Held,
}

#[derive(Debug)]
enum Held {
    /// Locked as long as it is open.
    File(#[expect(dead_code, reason = "kept open, and closed when dropped")] File),
    Lease {
        /// Dropped to end the renewal.
        stop: Option<oneshot::Sender<()>>,
        renewal: Option<JoinHandle<()>>,
    },
}

impl LakeLock {
    /// The lake that may be written to.
    pub fn lake(&self) -> &Lake {
        &self.lake
    }

    /// Refuses once the lock was lost: a lease that ran out, or that another process took.
    ///
    /// # Errors
    /// [`Error::LockLost`] with why.
    pub fn ensure(&self) -> Result<()> {
        self.lake.ensure_writer()
    }

    /// Gives the lock back and waits until that is done. Dropping it does the same in the
    /// background, for which a lease needs a runtime that goes on a little.
    pub async fn release(mut self) {
        if let Held::Lease { stop, renewal } = &mut self.held {
            drop(stop.take());
            if let Some(renewal) = renewal.take() {
                // The task fails only with the runtime, and then the lease runs out by itself.
                renewal.await.ok();
            }
        }
    }
}

impl Drop for LakeLock {
    fn drop(&mut self) {
        self.lake.set_lease(None);
    }
}

impl Lake {
    /// Makes this process the only one that writes. On a disk the system gives the lock back when
    /// the process ends, however it ends; elsewhere it is a lease that is renewed while the lock is
    /// held and runs out after.
    ///
    /// # Errors
    /// [`Error::Locked`] with who holds it; [`Error::LockUnsupported`] where the store cannot tell
    /// the first of two writers.
    pub async fn lock(&self) -> Result<LakeLock> {
        acquire(self, LEASE).await
    }
}

pub(crate) async fn acquire(lake: &Lake, time: Duration) -> Result<LakeLock> {
    let held = match lake.place().disk() {
        Some(disk) => {
            let (disk, address) = (disk.clone(), lake.address().to_owned());
            Held::File(blocking(move || lock_file(&disk, address)).await?)
        }
        None => {
            let path = lake.locate(layout::LOCK);
            let held = lease::acquire(lake.store(), path, lake.address(), time).await?;
            lake.set_lease(Some(Arc::clone(&held)));
            let (stop, stopped) = oneshot::channel();
            let renewal = tokio::spawn(lease::renew(held, time, stopped));
            Held::Lease {
                stop: Some(stop),
                renewal: Some(renewal),
            }
        }
    };
    Ok(LakeLock {
        lake: lake.clone(),
        held,
    })
}

fn lock_file(disk: &Disk, address: String) -> Result<File> {
    disk.create_dirs(disk.root())?;
    let path = disk.path(layout::LOCK);
    let wrong = Error::io("lock", &path);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(&wrong)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let holder = disk.read(layout::LOCK)?.unwrap_or_default();
            return Err(Error::Locked {
                lake: address,
                holder: match String::from_utf8_lossy(&holder).trim() {
                    "" => "another process".to_owned(),
                    holder => holder.to_owned(),
                },
            });
        }
        Err(TryLockError::Error(error)) => return Err(wrong(error)),
    }
    file.set_len(0).map_err(&wrong)?;
    file.rewind().map_err(&wrong)?;
    writeln!(file, "{}", lease::myself()).map_err(&wrong)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use object_store::ObjectStoreExt as _;

    use super::*;

    const SHORT: Duration = Duration::from_millis(150);

    async fn memory() -> Lake {
        Lake::open("memory:///lake").await.unwrap()
    }

    #[tokio::test]
    async fn a_lease_is_renewed_while_it_is_held() {
        let lake = memory().await;
        let lock = acquire(&lake, SHORT).await.unwrap();
        tokio::time::sleep(SHORT * 3).await;
        assert!(lake.ensure_writer().is_ok());
        let error = acquire(&lake, SHORT).await.unwrap_err().to_string();
        assert!(
            error.contains(&format!("being written to by {} (if", lease::myself())),
            "{error}"
        );
        lock.release().await;
        acquire(&lake, SHORT).await.unwrap().release().await;
    }

    #[tokio::test]
    async fn a_lock_dropped_is_given_back() {
        let lake = memory().await;
        drop(acquire(&lake, LEASE).await.unwrap());
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        acquire(&lake, LEASE).await.unwrap();
    }

    #[test]
    fn a_dead_owner_keeps_it_no_longer_than_its_lease() {
        let run = || tokio::runtime::Runtime::new().unwrap();
        let lake = run().block_on(memory());
        let owner = run();
        let lock = owner.block_on(acquire(&lake, SHORT)).unwrap();
        // With its runtime ends its renewal, as with its process.
        drop(owner);
        drop(lock);
        run().block_on(async {
            assert!(matches!(
                acquire(&lake, SHORT).await,
                Err(Error::Locked { .. })
            ));
            tokio::time::sleep(SHORT * 2).await;
            acquire(&lake, SHORT).await.unwrap().release().await;
        });
    }

    #[tokio::test]
    async fn who_lost_the_lock_commits_nothing() {
        let lake = memory().await;
        let _lock = acquire(&lake, SHORT).await.unwrap();
        let taken = br#"{"owner":"someone else","ends":99999999999999}"#.to_vec();
        let path = lake.locate(layout::LOCK);
        lake.store().put(&path, taken.into()).await.unwrap();
        tokio::time::sleep(SHORT * 2).await;
        let error = lake.ensure_writer().unwrap_err().to_string();
        assert!(error.contains("another process took it"), "{error}");
        let error = acquire(&lake, SHORT).await.unwrap_err().to_string();
        assert!(error.contains("someone else"), "{error}");
    }

    #[tokio::test]
    async fn a_directory_is_locked_until_the_lock_is_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let lake = Lake::open(dir.path().to_str().unwrap()).await.unwrap();
        let lock = lake.lock().await.unwrap();
        let other = Lake::open(dir.path().to_str().unwrap()).await.unwrap();
        let error = other.lock().await.unwrap_err().to_string();
        assert!(error.contains(&lease::myself()), "{error}");
        drop(lock);
        other.lock().await.unwrap();
    }
}
