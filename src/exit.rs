//! How a command ends, as its caller sees it.

use std::process::ExitCode;

use hubcensus_engine::{EngineError, SelectorError};

use crate::console::Console;
use crate::present;

/// What a command that could be carried out has to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// All is well: 0.
    Well,
    /// It was carried out and something is wrong with what it found: a
    /// snapshot that failed, a test that does not hold, a damaged file: 1.
    Wrong,
    /// The pipeline files have mistakes: 3.
    Mistakes,
    /// It was stopped by who started it: 130.
    Stopped,
}

/// The exit code; an error that stopped the command is told and gives 1.
pub(crate) fn code(console: &Console, result: anyhow::Result<End>) -> ExitCode {
    match result {
        Ok(End::Well) => ExitCode::SUCCESS,
        Ok(End::Wrong) => ExitCode::from(1),
        Ok(End::Mistakes) => ExitCode::from(3),
        Ok(End::Stopped) => ExitCode::from(130),
        Err(error) if closed(&error) => ExitCode::SUCCESS,
        Err(error) => {
            match error.downcast_ref::<EngineError>() {
                Some(EngineError::BadQuery { mistakes, query }) => {
                    present::diagnostics(console, mistakes, std::slice::from_ref(query));
                }
                _ => console.tell(format!("error: {error:#}")),
            }
            ExitCode::from(if is_usage(&error) { 2 } else { 1 })
        }
    }
}

/// Whether what was typed cannot be meant.
fn is_usage(error: &anyhow::Error) -> bool {
    matches!(
        error.downcast_ref::<EngineError>(),
        Some(
            EngineError::Selector(_)
                | EngineError::NoSource { .. }
                | EngineError::WhichTable { .. }
                | EngineError::NoDates { .. }
        )
    ) || error.downcast_ref::<SelectorError>().is_some()
}

/// Whether who reads the output has seen enough, as `head` has.
fn closed(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let kind = |error: &std::io::Error| error.kind() == std::io::ErrorKind::BrokenPipe;
        cause.downcast_ref::<std::io::Error>().is_some_and(kind)
            || cause
                .downcast_ref::<csv::Error>()
                .is_some_and(|error| match error.kind() {
                    csv::ErrorKind::Io(error) => kind(error),
                    _ => false,
                })
            || cause
                .downcast_ref::<arrow::error::ArrowError>()
                .is_some_and(|error| match error {
                    arrow::error::ArrowError::IoError(_, error) => kind(error),
                    _ => false,
                })
    })
}
