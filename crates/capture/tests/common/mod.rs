//! A Hub, a client of it, and a clock on which a second lasts a fiftieth of one.

#![allow(dead_code, reason = "each test uses some of it")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use hubcensus_capture::{
    Access, ApiRequest, Client, Clock, Description, Error, Event, Kind, Observer, Outcome, Result,
    Retries, Target, capture,
};
use hubcensus_fixture_hub::{FixtureHub, Settings};
use hubcensus_spec::SnapshotDate;
use serde_json::Value;

pub(crate) const TODAY: &str = "2026-11-29";
const FASTER: u32 = 50;

/// How long a second lasts here.
pub(crate) fn second() -> Duration {
    Duration::from_secs(1) / FASTER
}

pub(crate) fn today() -> SnapshotDate {
    TODAY.parse().unwrap()
}

#[derive(Debug)]
pub(crate) struct FastClock {
    begun: Instant,
    drawn: AtomicU64,
}

#[async_trait]
impl Clock for FastClock {
    fn now(&self) -> DateTime<Utc> {
        let start: DateTime<Utc> = format!("{TODAY}T10:00:00Z").parse().unwrap();
        start + self.begun.elapsed() * FASTER
    }

    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time / FASTER).await;
    }

    fn jitter(&self) -> f64 {
        let drawn = self.drawn.fetch_add(1, Ordering::Relaxed);
        (drawn % 7) as f64 / 7.0
    }
}

/// One clock for all clients of a process, as there is one outside.
pub(crate) fn clock() -> Arc<FastClock> {
    static CLOCK: Mutex<Option<Arc<FastClock>>> = Mutex::new(None);
    let mut clock = CLOCK.lock().unwrap();
    #[expect(clippy::disallowed_methods, reason = "the edge of the tests")]
    let clock = clock.get_or_insert_with(|| {
        Arc::new(FastClock {
            begun: Instant::now(),
            drawn: AtomicU64::new(0),
        })
    });
    Arc::clone(clock)
}

/// Notes what it is told, and stops after so many pages.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) texts: Mutex<Vec<String>>,
    pub(crate) waits: Mutex<Vec<String>>,
    pub(crate) begun: Mutex<Vec<(u64, Option<u64>)>>,
    pub(crate) pages: AtomicU64,
    pub(crate) stop_after: AtomicU64,
    stop: AtomicBool,
}

impl Notes {
    pub(crate) fn has(&self, text: &str) -> bool {
        self.texts
            .lock()
            .unwrap()
            .iter()
            .any(|note| note.contains(text))
    }
}

impl Observer for Notes {
    fn on(&self, event: &Event<'_>) {
        match event {
            Event::Note { text } => self.texts.lock().unwrap().push((*text).to_owned()),
            Event::Waiting { why, .. } => self.waits.lock().unwrap().push((*why).to_owned()),
            Event::Begun { kept, about, .. } => self.begun.lock().unwrap().push((*kept, *about)),
            Event::Page { .. } | Event::Piece { .. } => {
                let pages = self.pages.fetch_add(1, Ordering::Relaxed) + 1;
                if pages == self.stop_after.load(Ordering::Relaxed) {
                    self.stop.store(true, Ordering::Relaxed);
                }
            }
            _ => {}
        }
    }

    fn stops(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// A Hub and a place for its snapshots.
pub(crate) struct World {
    pub(crate) hub: FixtureHub,
    pub(crate) dir: tempfile::TempDir,
    pub(crate) token: Option<String>,
    pub(crate) page: u64,
}

impl World {
    pub(crate) async fn new(settings: Settings) -> Self {
        let settings = Settings {
            second: second(),
            ..settings
        };
        Self {
            hub: FixtureHub::start(settings).await.unwrap(),
            dir: tempfile::tempdir().unwrap(),
            token: None,
            page: 100,
        }
    }

    /// The same Hub, another place.
    pub(crate) fn elsewhere(self) -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            ..self
        }
    }

    pub(crate) fn target(&self) -> Target {
        Target::open(self.dir.path().to_str().unwrap(), None).unwrap()
    }

    pub(crate) fn client(&self) -> (Client, Arc<Notes>) {
        let notes = Arc::new(Notes::default());
        (self.client_of(&notes), notes)
    }

    pub(crate) fn client_of(&self, notes: &Arc<Notes>) -> Client {
        let access = Access {
            endpoint: self.hub.address().to_owned(),
            token: self.token.clone(),
            retries: Retries {
                tries: 25,
                first: Duration::from_millis(500),
                most: Duration::from_secs(2),
            },
            patience: Duration::from_millis(400),
            windows: Some(self.target().work("").unwrap().join("windows.json")),
        };
        let notes: Arc<Notes> = Arc::clone(notes);
        Client::new(access, clock(), notes).unwrap()
    }

    pub(crate) fn request(&self, kind: Kind) -> ApiRequest {
        ApiRequest {
            page: self.page,
            ..ApiRequest::new(kind, today())
        }
    }

    pub(crate) async fn capture(&self, request: &ApiRequest) -> Result<Description> {
        let (client, _) = self.client();
        taken(capture(&client, &self.target(), request).await)
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.dir.path().join(file)
    }

    pub(crate) fn bytes(&self, file: &str) -> Vec<u8> {
        std::fs::read(self.path(file)).unwrap()
    }

    /// The rows of a captured list.
    pub(crate) fn rows(&self, file: &str) -> Vec<Value> {
        rows(&self.path(file))
    }
}

pub(crate) fn taken(outcome: Result<Outcome>) -> Result<Description> {
    match outcome? {
        Outcome::Taken(description) => Ok(*description),
        other => panic!("expected a new snapshot, got {other:?}"),
    }
}

pub(crate) fn rows(path: &Path) -> Vec<Value> {
    let packed = std::fs::read(path).unwrap();
    let text = zstd::stream::decode_all(packed.as_slice()).unwrap();
    let text = String::from_utf8(text).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

pub(crate) fn ids(rows: &[Value]) -> BTreeSet<String> {
    rows.iter()
        .map(|row| row["id"].as_str().unwrap().to_owned())
        .collect()
}

/// Tries again while an attempt that was dropped still writes.
pub(crate) async fn when_free<T>(mut attempt: impl AsyncFnMut() -> Result<T>) -> Result<T> {
    for _ in 0..200 {
        match attempt().await {
            Err(Error::Busy { .. }) => tokio::time::sleep(Duration::from_millis(5)).await,
            other => return other,
        }
    }
    panic!("the lock was not given back")
}
