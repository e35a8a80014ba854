//! The program with a bucket as the place of its snapshots, its lake and its publications.
//!
//! Here, and not among the program's own tests, for the needs of the S3 server. The program is the
//! one that `HUBCENSUS_BIN` names, or that `cargo build` made of the same profile.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../conformance/bucket.rs"]
#[expect(dead_code, reason = "each of the tests uses some of it")]
mod bucket;
mod captures;
mod lakes;
mod program;
mod publications;
