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

mod bad_files;
mod bad_rows;
mod books;
mod changes;
mod checks;
mod commands;
mod determinism;
mod few_children;
mod harness;
mod history;
mod interrupted;
mod looking;
mod matrix;
mod mistakes;
mod own;
mod reading;
mod running;
mod sample;
mod verifying;
