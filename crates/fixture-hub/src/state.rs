//! What the server holds, and what it counts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, SystemTime};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::faults::Faults;
use crate::http::Request;
use crate::limit::{Limits, Quotas};
use crate::lists::ListKind;
use crate::repos::{Content, Repo, hex};
use crate::rows::Rows;

/// How the server behaves.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it listens; port 0 takes a free one. The files lie on another port of the same host.
    pub address: String,
    /// How long what the headers call a second lasts; shorter for tests.
    pub second: Duration,
    /// Such seconds in a window of the rate limit.
    pub window: u64,
    /// Requests that a window grants.
    pub quotas: Quotas,
    /// Fields that `expand` refuses although the Hub knows them.
    pub refused: Vec<String>,
    /// Whether answers are compressed for those who ask for it.
    pub gzip: bool,
    /// How long a signed address holds.
    pub signed_for: Duration,
    /// How long each answer takes at least.
    pub latency: Duration,
    /// The one token that is valid; any is, if there is none.
    pub token: Option<String>,
}

/// The Hub's documented limits, real seconds, addresses that hold for an hour.
impl Default for Settings {
    fn default() -> Self {
        Self {
            address: "127.0.0.1:0".to_owned(),
            second: Duration::from_secs(1),
            window: 300,
            quotas: Quotas::default(),
            refused: Vec::new(),
            gzip: true,
            signed_for: Duration::from_secs(3_600),
            latency: Duration::ZERO,
            token: None,
        }
    }
}

/// What the server has seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests at the Hub.
    pub requests: u64,
    /// Those with a token.
    pub with_token: u64,
    /// Those beyond what the headers had granted.
    pub beyond_the_grant: u64,
    /// Requests that a fault struck, at both origins.
    pub faults: u64,
    /// Requests at the origin of the files.
    pub file_requests: u64,
    /// Bytes of files that were sent.
    pub file_bytes: u64,
    /// Requests with a token at the origin of the files.
    pub tokens_at_the_files: u64,
    /// Whether to note what is asked.
    pub log: bool,
    /// What was asked of the Hub, path and query.
    pub targets: Vec<String>,
}

impl Counts {
    /// The numbers as a JSON object, as `GET /fixture/counts` answers them.
    pub fn json(&self) -> String {
        serde_json::json!({
            "requests": self.requests,
            "with_token": self.with_token,
            "beyond_the_grant": self.beyond_the_grant,
            "faults": self.faults,
            "file_requests": self.file_requests,
            "file_bytes": self.file_bytes,
            "tokens_at_the_files": self.tokens_at_the_files,
        })
        .to_string()
    }
}

/// Something to be done when so many requests have been answered.
type Later = (u64, Box<dyn FnOnce(&State) + Send>);

pub(crate) struct State {
    pub(crate) settings: Settings,
    pub(crate) rows: RwLock<BTreeMap<ListKind, Rows>>,
    /// Dataset repositories with files.
    pub(crate) repos: RwLock<BTreeMap<String, Repo>>,
    /// `organization` or `user`, and the overview.
    pub(crate) accounts: RwLock<BTreeMap<String, (String, Value)>>,
    pub(crate) papers: RwLock<Vec<Value>>,
    pub(crate) renamed: RwLock<BTreeMap<String, String>>,
    pub(crate) limits: Mutex<Limits>,
    pub(crate) faults: Mutex<Faults>,
    pub(crate) counts: Mutex<Counts>,
    pub(crate) later: Mutex<Vec<Later>>,
    signed: Mutex<BTreeMap<String, Content>>,
    /// Large files that were uploaded, by their SHA-256.
    pub(crate) uploaded: Mutex<BTreeMap<String, Arc<[u8]>>>,
    /// The origin on which files lie.
    files: String,
}

impl State {
    pub(crate) fn new(settings: Settings, files: String) -> Self {
        let limits = Limits::new(settings.quotas, settings.window, settings.second);
        Self {
            settings,
            rows: RwLock::default(),
            repos: RwLock::default(),
            accounts: RwLock::default(),
            papers: RwLock::default(),
            renamed: RwLock::default(),
            limits: Mutex::new(limits),
            faults: Mutex::default(),
            counts: Mutex::default(),
            later: Mutex::default(),
            signed: Mutex::default(),
            uploaded: Mutex::default(),
            files,
        }
    }

    /// Does what was to be done by now.
    pub(crate) fn before_answer(&self) {
        let asked = locked(&self.counts).requests;
        let due: Vec<Later> = locked(&self.later)
            .extract_if(.., |(when, _)| *when <= asked)
            .collect();
        for (_, act) in due {
            act(self);
        }
    }

    /// An address of a file that holds for a while.
    pub(crate) fn sign(&self, content: &Content) -> String {
        locked(&self.signed).insert(content.hash.clone(), content.clone());
        self.address(&content.hash)
    }

    /// An address that holds for a while, of a file with this SHA-256.
    pub(crate) fn address(&self, hash: &str) -> String {
        let ends = milliseconds() + self.settings.signed_for.as_millis();
        let seal = seal(hash, ends);
        format!("{}/{hash}?ends={ends}&signature={seal}", self.files)
    }

    /// The file at a signed address, or why there is none.
    pub(crate) fn signed(&self, request: &Request) -> Result<Content, &'static str> {
        let hash = Self::allowed(request)?;
        let found = locked(&self.signed).get(hash).cloned();
        found.ok_or("There is no such file")
    }

    /// Keeps a large file that was sent to a signed address, or says why not.
    pub(crate) fn upload(&self, request: &Request) -> Result<(), &'static str> {
        let hash = Self::allowed(request)?;
        if hex(&Sha256::digest(&request.body)) != hash {
            return Err("The content does not have this hash");
        }
        let bytes = request.body.clone().into();
        locked(&self.uploaded).insert(hash.to_owned(), bytes);
        Ok(())
    }

    /// The hash that a signed address allows to read or write, or why it does not.
    fn allowed(request: &Request) -> Result<&str, &'static str> {
        let hash = request.path.trim_start_matches('/');
        let ends = request.parameter("ends").and_then(|text| text.parse().ok());
        let ends: u128 = ends.ok_or("The address has no end")?;
        if request.parameter("signature") != Some(seal(hash, ends).as_str()) {
            return Err("The signature does not match");
        }
        if ends <= milliseconds() {
            return Err("Request has expired");
        }
        Ok(hash)
    }
}

fn seal(hash: &str, ends: u128) -> String {
    let text = format!("fixture {hash} {ends}");
    blake3::hash(text.as_bytes())
        .to_hex()
        .chars()
        .take(32)
        .collect()
}

pub(crate) fn milliseconds() -> u128 {
    SystemTime::UNIX_EPOCH
        .elapsed()
        .map_or(0, |since| since.as_millis())
}

pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn written<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
