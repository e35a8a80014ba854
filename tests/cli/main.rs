//! The program as its user meets it: commands typed, files and messages looked
//! at.
//!
//! Most projects here are about books and shops: whatever holds for them holds
//! because of the engine, which knows nothing of the Hub.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[cfg(feature = "cloud")]
mod backfill;
mod bad_files;
mod bad_rows;
mod books;
#[cfg(feature = "cloud")]
mod capture;
mod changes;
mod checks;
mod commands;
mod determinism;
mod few_children;
mod groups;
mod harness;
mod history;
mod interrupted;
mod like;
mod looking;
mod mapping;
mod matrix;
mod mistakes;
mod odd_files;
mod odd_snapshots;
mod own;
mod publish;
mod reading;
mod references;
#[cfg(feature = "cloud")]
mod remote;
mod report;
mod running;
mod sample;
mod screens;
mod several_files;
mod several_tables;
mod sql;
mod verifying;
mod versions;
mod windows;
