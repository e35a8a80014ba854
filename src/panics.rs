//! A panic is told once, as an error, and not where it happens: a decoder that
//! meets a damaged file may panic on any thread, and what comes of that is told
//! by whoever waits for it.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};

use anyhow::anyhow;

/// Has panics logged at the level `debug`. Whoever asks for backtraces gets
/// them printed as usual.
pub(crate) fn log() {
    if std::env::var_os("RUST_BACKTRACE").is_some() {
        return;
    }
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        let place = place.unwrap_or_default();
        tracing::debug!(place, "panic: {}", text(panic.payload()));
    }));
}

/// The result of `work`, a panic being an error.
pub(crate) fn caught<T>(work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        Err(anyhow!(
            "a part of the program broke off ({}); a damaged file is the likeliest cause, which \
             `hubcensus verify` finds in the lake; -vv says more",
            text(panic.as_ref())
        ))
    })
}

fn text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("it does not say why")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_with_its_text() {
        assert_eq!(caught(|| Ok(7)).unwrap(), 7);
        let index = 3;
        let error = caught::<()>(|| panic!("no row {index}")).unwrap_err();
        assert!(
            error.to_string().contains("broke off (no row 3)"),
            "{error}"
        );
    }
}
