//! What comes from outside: the time, chance, and who is told how it goes.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use hubcensus_spec::SnapshotDate;

use crate::kinds::Kind;

/// Time and chance.
#[async_trait]
pub trait Clock: fmt::Debug + Send + Sync {
    /// The moment, in UTC.
    fn now(&self) -> DateTime<Utc>;

    /// Waits.
    async fn sleep(&self, time: Duration);

    /// A number from 0 to below 1, drawn by chance.
    fn jitter(&self) -> f64;

    /// Today's date in UTC; `None` before 1000 and after 2999.
    fn today(&self) -> Option<SnapshotDate> {
        self.now().format("%Y-%m-%d").to_string().parse().ok()
    }
}

/// What is being captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    /// What kind of rows.
    pub kind: Kind,
    /// Which snapshot.
    pub date: SnapshotDate,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.kind, self.date)
    }
}

/// How it goes.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A capture begins, or goes on with the rows that were kept.
    Begun {
        /// Of what.
        subject: Subject,
        /// Rows kept by an earlier attempt.
        kept: u64,
        /// About how many rows there will be: those of the snapshot before.
        about: Option<u64>,
    },
    /// A page was fetched.
    Page {
        /// Of what.
        subject: Subject,
        /// Rows so far.
        rows: u64,
        /// Pages so far.
        pages: u64,
    },
    /// A piece of a file was fetched.
    Piece {
        /// Of what.
        subject: Subject,
        /// Bytes so far.
        bytes: u64,
        /// Bytes in all.
        of: u64,
    },
    /// Nothing is asked for a while.
    Waiting {
        /// What for.
        why: &'a str,
        /// How long.
        time: Duration,
    },
    /// Something that a person should know.
    Note {
        /// What, in a sentence.
        text: &'a str,
    },
    /// A snapshot is in its place.
    Taken {
        /// Of what.
        subject: Subject,
        /// Its rows.
        rows: u64,
    },
}

/// Who is told how it goes.
pub trait Observer: Send + Sync {
    /// Something happened.
    fn on(&self, event: &Event<'_>);

    /// Whether to stop after the page that is being fetched.
    fn stops(&self) -> bool {
        false
    }
}

/// Tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn on(&self, _: &Event<'_>) {}
}
