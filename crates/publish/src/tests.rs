//! Publications that fail, and what readers find then.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::{Error, Result};

/// Has the changes of a place fail after so many.
#[derive(Debug)]
pub(crate) struct Faults {
    left: AtomicUsize,
    met: AtomicUsize,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            left: AtomicUsize::new(usize::MAX),
            met: AtomicUsize::new(0),
        }
    }
}

impl Faults {
    /// Called before and after each change: after `after` calls each one fails, as if the process
    /// were gone.
    pub(crate) fn meet(&self, path: &str) -> Result<()> {
        self.met.fetch_add(1, Ordering::SeqCst);
        let left = self.left.load(Ordering::SeqCst);
        if left == 0 {
            return Err(Error::Io {
                operation: "write",
                path: path.to_owned(),
                source: std::io::Error::other("killed"),
            });
        }
        if left != usize::MAX {
            self.left.store(left - 1, Ordering::SeqCst);
        }
        Ok(())
    }

    fn fail_after(&self, calls: usize) {
        self.left.store(calls, Ordering::SeqCst);
    }
}
