//! What a step of resolving gives, and what it found wrong.

use hubcensus_spec::Diagnostic;

/// A value and the mistakes met on the way to it.
#[derive(Debug)]
pub(super) struct Checked<T> {
    pub(super) value: T,
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl<T> Checked<T> {
    pub(super) fn new(value: T, diagnostics: Vec<Diagnostic>) -> Self {
        Self { value, diagnostics }
    }

    /// The value; its mistakes are added to others.
    pub(super) fn take(self, diagnostics: &mut Vec<Diagnostic>) -> T {
        diagnostics.extend(self.diagnostics);
        self.value
    }
}
