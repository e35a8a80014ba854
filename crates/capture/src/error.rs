//! What can go wrong while a snapshot is taken, and what to do about it.

use std::io;
use std::path::Path;

use hubcensus_spec::SnapshotDate;

/// The result of taking a snapshot, or of a part of that.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address of the Hub cannot be used.
    #[error(
        "`{address}` is no address of a Hub: {why}; expected one such as https://huggingface.co (--endpoint or HF_ENDPOINT)"
    )]
    Endpoint {
        /// The address as it was given.
        address: String,
        /// What is wrong with it.
        why: String,
    },
    /// The token cannot be sent.
    #[error("the token (HF_TOKEN) has characters that no token has: expected one such as hf_…")]
    Token,
    /// 401.
    #[error(
        "{url} is not for everybody (401: {message}): {}",
        if *token { "the token (HF_TOKEN) is wrong, has expired, or its account may not see this" }
        else { "it does not exist, or is private; set HF_TOKEN to a token of an account that may see it" }
    )]
    Unauthorized {
        /// What was asked for.
        url: String,
        /// What the Hub said.
        message: String,
        /// Whether a token was sent.
        token: bool,
    },
    /// Any other answer that trying again does not change.
    #[error("{url} was refused ({status}: {message}); the Hub's interface may have changed")]
    Refused {
        /// What was asked for.
        url: String,
        /// The status.
        status: u16,
        /// What the Hub said.
        message: String,
        /// The Hub's own code of the error, such as `RevisionNotFound`.
        code: Option<String>,
    },
    /// All tries failed.
    #[error(
        "{url} could not be had in {tries} tries, the last of which ended with: {last}; run the same command again to go on from the last page that was kept"
    )]
    Exhausted {
        /// What was asked for.
        url: String,
        /// How often.
        tries: u32,
        /// How the last try ended.
        last: String,
    },
    /// The HTTP client cannot be made.
    #[error("cannot prepare connections: {0}")]
    Client(#[source] reqwest::Error),
    /// An answer that is none to what was asked.
    #[error("{url} answered something else than {expected}: {why}")]
    Unexpected {
        /// What was asked for.
        url: String,
        /// What was expected.
        expected: &'static str,
        /// What came.
        why: String,
    },
    /// A list repeats itself.
    #[error(
        "the list repeats itself: page {page} ({url}) {why}; nothing was published, and the pages before are kept: try again later, or begin anew with --restart"
    )]
    Loops {
        /// The page's number, from 1.
        page: u64,
        /// Its address.
        url: String,
        /// What shows it.
        why: String,
    },
    /// A live source is asked for another day than today.
    #[error(
        "the live Hub cannot be captured for {date}: it tells today's counters only, and today is {today} (UTC); for an earlier date use an archive: `hubcensus capture hub-stats --dates {date}`"
    )]
    OtherDate {
        /// The date that was asked for.
        date: SnapshotDate,
        /// The date of the clock.
        today: SnapshotDate,
    },
    /// Two captures of the same.
    #[error(
        "{what} is being captured by {holder}: wait until that has ended, or end it; the next one goes on from where it stopped"
    )]
    Busy {
        /// What is being captured.
        what: String,
        /// Who captures it, as it describes itself.
        holder: String,
    },
    /// A capture that was begun asked for something else.
    #[error(
        "in {place} a capture of the same name was begun that asked for something else ({was}, not {is}): repeat that command to go on with it, or begin anew with --restart"
    )]
    OtherRequest {
        /// The working directory.
        place: String,
        /// What it asked for.
        was: String,
        /// What is asked for now.
        is: String,
    },
    /// An archive that cannot be read any more.
    #[error("the archive {repo} {why}")]
    Withdrawn {
        /// The repository.
        repo: String,
        /// How, and what that means.
        why: String,
    },
    /// A Parquet file that cannot be taken over.
    #[error("{file}: {why}")]
    Parquet {
        /// Which file.
        file: String,
        /// What is wrong.
        why: String,
    },
    /// The accounts are not known.
    #[error(
        "which accounts to ask for is not known: {why}; capture models of the same date first, or name a file of accounts with --accounts"
    )]
    NoAccounts {
        /// What was looked for.
        why: String,
    },
    /// The file system refused an operation.
    #[error("cannot {operation} {path}: {source}")]
    Io {
        /// A verb: read, write, …
        operation: &'static str,
        /// The file or directory.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// The store of the snapshots refused an operation.
    #[error("cannot {operation} {path}: {source}")]
    Store {
        /// A verb: read, write, …
        operation: &'static str,
        /// The object.
        path: String,
        /// What the store said.
        source: Box<object_store::Error>,
    },
    /// The place of the snapshots cannot be used.
    #[error(transparent)]
    Place(#[from] hubcensus_lake::Error),
    /// It was stopped from outside.
    #[error("stopped; run the same command again to go on from the last page that was kept")]
    Stopped,
}

impl Error {
    /// For `map_err`: an operation on a file that failed.
    pub(crate) fn io(operation: &'static str, path: &Path) -> impl Fn(io::Error) -> Self + use<> {
        let path = path.display().to_string();
        move |source| Self::Io {
            operation,
            path: path.clone(),
            source,
        }
    }

    /// For `map_err`: an operation on an object that failed.
    pub(crate) fn store(
        operation: &'static str,
        path: &str,
    ) -> impl Fn(object_store::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Store {
            operation,
            path: path.clone(),
            source: Box::new(source),
        }
    }

    /// Whether the Hub says that there is nothing there.
    pub(crate) fn is_absent(&self) -> bool {
        matches!(self, Self::Refused { status: 404, .. })
    }
}
