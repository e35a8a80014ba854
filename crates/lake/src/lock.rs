//! Who may write: one process at a time, and not one that has died.
//!
//! A directory is locked by the system, which gives the lock back when its holder ends. A bucket
//! holds a lease: an object that only one of two writers can create or change, with the time at
//! which it runs out. Its holder renews it; a holder that died does not, and one that was
//! suspended finds that it may no longer commit.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Seek, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use object_store::path::Path;
use object_store::{
    ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, PutResult, UpdateVersion,
};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::bucket::wrong;
use crate::disk::Disk;
use crate::error::{Error, Result};
use crate::lake::Lake;
use crate::layout;
use crate::place::blocking;

/// How long a holder may be out of reach before another may write.
pub(crate) const LEASE: Duration = Duration::from_secs(60);
/// A lock can change hands between being looked at and being taken.
const ATTEMPTS: usize = 3;

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

pub(crate) async fn acquire(lake: &Lake, lease: Duration) -> Result<LakeLock> {
    let held = match lake.place().disk() {
        Some(disk) => {
            let (disk, address) = (disk.clone(), lake.address().to_owned());
            Held::File(blocking(move || lock_file(&disk, address)).await?)
        }
        None => {
            let held = acquire_lease(lake, lease).await?;
            lake.set_lease(Some(Arc::clone(&held)));
            let (stop, stopped) = oneshot::channel();
            let renewal = tokio::spawn(renew(held, lease, stopped));
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
    writeln!(file, "{}", myself()).map_err(&wrong)?;
    Ok(file)
}

/// How this process is called in front of others.
fn myself() -> String {
    let process = std::process::id();
    let host = std::env::var("HOSTNAME")
        .or_else(|_| std::fs::read_to_string("/proc/sys/kernel/hostname"))
        .unwrap_or_default();
    match host.trim() {
        "" => format!("process {process}"),
        host => format!("process {process} on {host}"),
    }
}

/// A lease as it stands in the store.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Note {
    owner: String,
    /// Milliseconds since 1970; 0 once it was given back.
    ends: u64,
}

/// A lease held by this process.
#[derive(Debug)]
pub(crate) struct Lease {
    store: Arc<dyn ObjectStore>,
    path: Path,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    version: UpdateVersion,
    ends: u64,
    lost: Option<String>,
}

impl Lease {
    /// Why nothing may be written any more, if so.
    pub(crate) fn lost(&self) -> Option<String> {
        let state = self.state();
        if state.lost.is_none() && state.ends <= now() {
            return Some("it ran out before it was renewed".to_owned());
        }
        state.lost.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the note, unless another process did so since.
    async fn write(&self, ends: u64) -> object_store::Result<()> {
        let version = self.state().version.clone();
        let put = put(&self.store, &self.path, ends, PutMode::Update(version)).await?;
        let mut state = self.state();
        state.version = put.into();
        state.ends = ends;
        Ok(())
    }
}

async fn put(
    store: &Arc<dyn ObjectStore>,
    path: &Path,
    ends: u64,
    mode: PutMode,
) -> object_store::Result<PutResult> {
    let note = Note {
        owner: myself(),
        ends,
    };
    // Two plain members: nothing that JSON cannot hold.
    let note = serde_json::to_vec(&note).unwrap_or_default();
    let options = PutOptions::from(mode);
    store.put_opts(path, PutPayload::from(note), options).await
}

async fn acquire_lease(lake: &Lake, lease: Duration) -> Result<Arc<Lease>> {
    use object_store::Error as E;
    let store = lake.store();
    let path = lake.locate(layout::LOCK);
    let mut mode = PutMode::Create;
    let mut holder = "another process".to_owned();
    for _ in 0..ATTEMPTS {
        let ends = now() + millis(lease);
        match put(store, &path, ends, mode).await {
            Ok(put) => {
                return Ok(Arc::new(Lease {
                    store: Arc::clone(store),
                    path,
                    state: Mutex::new(State {
                        version: put.into(),
                        ends,
                        lost: None,
                    }),
                }));
            }
            Err(E::AlreadyExists { .. } | E::Precondition { .. } | E::NotFound { .. }) => {}
            Err(E::NotImplemented { .. } | E::NotSupported { .. }) => {
                return Err(Error::LockUnsupported {
                    lake: lake.address().to_owned(),
                });
            }
            Err(error) => return Err(wrong("lock", &path)(error)),
        }
        let found = match store.get(&path).await {
            Ok(found) => found,
            Err(E::NotFound { .. }) => {
                mode = PutMode::Create;
                continue;
            }
            Err(error) => return Err(wrong("read", &path)(error)),
        };
        let version = UpdateVersion {
            e_tag: found.meta.e_tag.clone(),
            version: found.meta.version.clone(),
        };
        let note = found.bytes().await.map_err(wrong("read", &path))?;
        // A note that cannot be read was not written by a process that holds anything.
        if let Ok(note) = serde_json::from_slice::<Note>(&note) {
            let left = note.ends.saturating_sub(now());
            if left > 0 {
                return Err(Error::Locked {
                    lake: lake.address().to_owned(),
                    holder: format!(
                        "{} (if that has died, its lease ends in {} s)",
                        note.owner,
                        left.div_ceil(1000)
                    ),
                });
            }
            holder = note.owner;
        }
        mode = PutMode::Update(version);
    }
    Err(Error::Locked {
        lake: lake.address().to_owned(),
        holder,
    })
}

/// Renews the lease until it is lost or no longer wanted, and gives it back in the latter case.
async fn renew(held: Arc<Lease>, lease: Duration, mut stopped: oneshot::Receiver<()>) {
    use object_store::Error as E;
    loop {
        tokio::select! {
            _ = &mut stopped => {
                // If this fails, the lease runs out by itself.
                held.write(0).await.ok();
                return;
            }
            () = tokio::time::sleep(lease / 3) => {}
        }
        match held.write(now() + millis(lease)).await {
            Ok(()) => {}
            Err(E::Precondition { .. } | E::NotFound { .. } | E::AlreadyExists { .. }) => {
                held.state().lost = Some("another process took it".to_owned());
                return;
            }
            Err(error) => {
                tracing::warn!(%error, "the lock could not be renewed; trying again");
            }
        }
    }
}

/// Leases are compared between machines, by what their clocks say.
fn now() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
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
            error.contains(&format!("being written to by {} (if", myself())),
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
        assert!(error.contains(&myself()), "{error}");
        drop(lock);
        other.lock().await.unwrap();
    }
}
