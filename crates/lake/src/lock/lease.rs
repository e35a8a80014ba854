//! A lease in an object store: an object that only one of two writers can create or change, with
//! the time at which it runs out.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use object_store::path::Path;
use object_store::{
    ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, PutResult, UpdateVersion,
};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use crate::error::{Error, Result};
use crate::place::bucket::wrong;

/// A lease can change hands between being looked at and being taken.
const ATTEMPTS: usize = 3;

/// How this process is called in front of others.
pub(crate) fn myself() -> String {
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

/// Takes the lease at `path` for a time, of the lake that messages call `lake`.
pub(crate) async fn acquire(
    store: &Arc<dyn ObjectStore>,
    path: Path,
    lake: &str,
    time: Duration,
) -> Result<Arc<Lease>> {
    use object_store::Error as E;
    let mut mode = PutMode::Create;
    let mut holder = "another process".to_owned();
    for _ in 0..ATTEMPTS {
        let ends = now() + millis(time);
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
                    lake: lake.to_owned(),
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
                    lake: lake.to_owned(),
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
        lake: lake.to_owned(),
        holder,
    })
}

/// Renews the lease until it is lost or no longer wanted, and gives it back in the latter case.
pub(crate) async fn renew(held: Arc<Lease>, time: Duration, mut stopped: oneshot::Receiver<()>) {
    use object_store::Error as E;
    loop {
        tokio::select! {
            _ = &mut stopped => {
                // If this fails, the lease runs out by itself.
                held.write(0).await.ok();
                return;
            }
            () = tokio::time::sleep(time / 3) => {}
        }
        match held.write(now() + millis(time)).await {
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
