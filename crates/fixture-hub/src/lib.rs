//! A Hub to test against, and to try things out without the world: a small HTTP server that speaks
//! the interfaces that `hubcensus capture` and the Hub's official clients use, from generated or
//! given rows.
//!
//! - lists of models, datasets and spaces: pages and cursors, `sort`, `author`, `expand`
//! - rate limits in fixed windows, told on every answer as the Hub tells them, and counted
//! - dataset repositories with revisions: commits, trees, and files on another origin, by signed
//!   addresses that end, in ranges; commits as the official client makes them
//! - overviews of accounts, daily papers, renamed repositories
//! - faults on demand: see [`Fault`]
//!
//! ```
//! # #[tokio::main]
//! # async fn main() -> std::io::Result<()> {
//! use hubcensus_fixture_hub::{FixtureHub, ListKind, Settings};
//!
//! let hub = FixtureHub::start(Settings::default()).await?;
//! hub.generate(ListKind::Models, 2_000, 7);
//! println!("HF_ENDPOINT={}", hub.address());
//! assert_eq!(hub.counts().beyond_the_grant, 0);
//! # Ok(()) }
//! ```

mod faults;
mod generate;
mod http;
mod limit;
mod lists;
mod repos;
mod rows;
mod server;
mod state;
mod upload;

use std::io;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use faults::{Fault, Faults};
pub use limit::{Bucket, Quotas};
pub use lists::ListKind;
pub use repos::Access;
pub use state::{Counts, Settings};

use repos::{Content, Repo};
use server::Side;
use state::{State, locked, read, written};

/// The moment before which generated repositories are made: 2026-11-28T00:00:00Z.
const UNTIL: u64 = 1_795_824_000;

/// A running server; it ends when dropped.
pub struct FixtureHub {
    state: Arc<State>,
    address: String,
    files: String,
    tasks: Vec<JoinHandle<()>>,
}

impl FixtureHub {
    /// Starts a server that has nothing yet.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub async fn start(settings: Settings) -> io::Result<Self> {
        let hub = TcpListener::bind(&settings.address).await?;
        let host = hub.local_addr()?;
        let files = TcpListener::bind((host.ip(), 0)).await?;
        let (address, origin) = (
            format!("http://{host}"),
            format!("http://{}", files.local_addr()?),
        );
        let state = Arc::new(State::new(settings, origin.clone()));
        let tasks = vec![
            tokio::spawn(server::listen(hub, Side::Hub, Arc::clone(&state))),
            tokio::spawn(server::listen(files, Side::Files, Arc::clone(&state))),
        ];
        Ok(Self {
            state,
            address,
            files: origin,
            tasks,
        })
    }

    /// The address to use as `HF_ENDPOINT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The origin on which files lie.
    pub fn files_address(&self) -> &str {
        &self.files
    }

    /// Adds generated repositories, the newest made shortly before 28 November 2026.
    pub fn generate(&self, kind: ListKind, count: u64, seed: u64) {
        let mut rows = written(&self.state.rows);
        generate::fill(rows.entry(kind).or_default(), kind, count, seed, UNTIL);
    }

    /// Adds repositories, a JSON object each.
    ///
    /// # Errors
    /// One is no JSON object.
    pub fn add<'a>(
        &self,
        kind: ListKind,
        lines: impl IntoIterator<Item = &'a str>,
    ) -> serde_json::Result<()> {
        let mut rows = written(&self.state.rows);
        let rows = rows.entry(kind).or_default();
        lines.into_iter().try_for_each(|line| rows.add_json(line))
    }

    /// Removes a repository.
    pub fn remove(&self, kind: ListKind, id: &str) {
        if let Some(rows) = written(&self.state.rows).get_mut(&kind) {
            rows.remove(id);
        }
    }

    /// How many repositories of a kind there are.
    pub fn len(&self, kind: ListKind) -> usize {
        read(&self.state.rows).get(&kind).map_or(0, rows::Rows::len)
    }

    /// Adds a repository once the Hub has been asked so many times in all.
    pub fn add_later(&self, after: u64, kind: ListKind, line: String) {
        let act = Box::new(move |state: &State| {
            let mut rows = written(&state.rows);
            // A line that is no JSON adds nothing, which the test that gave it will see.
            rows.entry(kind).or_default().add_json(&line).ok();
        });
        locked(&self.state.later).push((after, act));
    }

    /// Adds the overview of an account: `organization` or `user`.
    pub fn add_account(&self, kind: &str, name: &str, overview: Value) {
        written(&self.state.accounts).insert(name.to_owned(), (kind.to_owned(), overview));
    }

    /// Adds a daily paper; the newest first.
    pub fn add_paper(&self, paper: Value) {
        written(&self.state.papers).push(paper);
    }

    /// Answers requests for the old id by a redirect to the new one.
    pub fn rename(&self, old: &str, new: &str) {
        written(&self.state.renamed).insert(old.to_owned(), new.to_owned());
    }

    /// Commits files to a dataset repository, which is made if need be; the commit.
    pub fn commit(
        &self,
        repo: &str,
        at: DateTime<Utc>,
        title: &str,
        files: impl IntoIterator<Item = (String, Vec<u8>)>,
    ) -> String {
        let mut repos = written(&self.state.repos);
        let repo = repos
            .entry(repo.to_owned())
            .or_insert_with(|| Repo::new(repo));
        let files = files.into_iter().map(|(path, bytes)| {
            let content = Content::new(&path, bytes);
            (path, Some(content))
        });
        repo.commit(at, title, files)
    }

    /// Lets a revision vanish, which stays in the list of commits.
    pub fn lose(&self, repo: &str, commit: &str) {
        if let Some(repo) = written(&self.state.repos).get_mut(repo) {
            for revision in &mut repo.revisions {
                revision.gone |= revision.commit == commit;
            }
        }
    }

    /// Sets whether a repository can be read.
    pub fn set_access(&self, repo: &str, access: Access) {
        if let Some(repo) = written(&self.state.repos).get_mut(repo) {
            repo.access = access;
        }
    }

    /// Sets what goes wrong from now on.
    pub fn set_faults(&self, faults: Faults) {
        *locked(&self.state.faults) = faults;
    }

    /// What the server has seen so far.
    pub fn counts(&self) -> Counts {
        locked(&self.state.counts).clone()
    }

    /// Notes from now on what is asked.
    pub fn log(&self) {
        locked(&self.state.counts).log = true;
    }
}

impl Drop for FixtureHub {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}
