//! Whence rows come: readers of snapshots, what names and tags say, and generated samples.

pub mod facts;
pub mod read;
pub mod sample;
