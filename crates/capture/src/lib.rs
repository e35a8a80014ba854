//! How snapshots are taken from the Hub.
//!
//! [`capture`] reads the lists of the live Hub, [`capture_accounts`] the overviews of its accounts,
//! [`capture_archive`] the dated states of an archive. Each writes one file for a kind and date, the
//! rows as they were received, with a [`Description`] beside it, into a [`Target`]. What was cut off
//! goes on from the last page that was kept, and ends in the same bytes.
//!
//! ```no_run
//! # async fn example(clock: std::sync::Arc<dyn hubcensus_capture::Clock>) -> hubcensus_capture::Result<()> {
//! use hubcensus_capture::{Access, ApiRequest, Client, Kind, Retries, Silent, Target, capture};
//!
//! let access = Access {
//!     endpoint: "https://huggingface.co".to_owned(),
//!     token: None,
//!     retries: Retries::default(),
//!     patience: std::time::Duration::from_secs(60),
//!     windows: None,
//! };
//! let client = Client::new(access, clock, std::sync::Arc::new(Silent))?;
//! let target = Target::open("data/snapshots", None)?;
//! let date = "2026-11-29".parse().unwrap();
//! capture(&client, &target, &ApiRequest::new(Kind::Models, date)).await?;
//! # Ok(()) }
//! ```

mod accounts;
mod archive;
mod client;
mod description;
mod edge;
mod error;
mod hub_api;
mod kept;
mod kinds;
mod page;
pub mod rate;
mod snapshot;
mod target;

pub use accounts::{AccountList, AccountsRequest, capture_accounts};
pub use archive::{Archive, ArchiveRequest, capture_archive};
pub use client::retry::Retries;
pub use client::{Access, Client};
pub use description::{Description, Upstream};
pub use edge::{Clock, Event, Observer, Silent, Subject};
pub use error::{Error, Result};
pub use hub_api::part::{Measure, Part};
pub use hub_api::{ApiRequest, Outcome, SOURCE as HUB_API, capture};
pub use kinds::Kind;
pub use target::Target;
