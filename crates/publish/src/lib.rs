//! How tables of a lake are published.
//!
//! A published place is a directory or an object store:
//!
//! ```text
//! README.md                                                         the dataset card
//! aggregate/entities/snapshot_date=2026-08-22/part-<hash>.parquet   the tables; files never change
//! latest/entities.parquet                                           the newest file of each table
//! publication.json                                                  the record: what is published
//! COLUMNS.md  SCHEMA_CHANGES.md  SHA256SUMS                         made from the record
//! croissant.json  datapackage.json                                  likewise
//! ```
//!
//! [`publish`] compares a lake with the record, writes what is new, and commits by replacing the
//! record. A reader of the card sees one publication or the other at any moment: every file that it
//! names is there, and no other in the folders that it names. No document contains a clock, or a
//! path outside the place: the same lake gives the same bytes.

mod docs;
mod error;
mod licence;
mod origin;
mod place;
mod plan;
mod publish;
mod record;
mod schema;
#[cfg(test)]
mod tests;
mod widen;

pub use error::{Error, Result};
pub use place::Place;
pub use plan::{Dates, Request};
pub use publish::{Event, Observer, Published, publish, verify};
pub use record::{Column, Coverage, File, Publication, SchemaChange, Snapshot, Source, Table};
