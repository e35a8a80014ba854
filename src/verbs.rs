//! One file for each thing that can be asked for.

#[cfg(feature = "cloud")]
pub(crate) mod capture;
pub(crate) mod check;
pub(crate) mod plan;
pub(crate) mod publish;
pub(crate) mod query;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod sample;
pub(crate) mod show;
pub(crate) mod sources;
pub(crate) mod summary;
pub(crate) mod tables;
pub(crate) mod test;
pub(crate) mod verify;
