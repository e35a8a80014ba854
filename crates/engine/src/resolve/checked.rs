//! What a step of resolving gives, and what it found wrong.

use hubcensus_spec::{Diagnostic, Span};

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

/// Adds mistakes but those that stand within the place of one told before.
pub(super) fn news(diagnostics: &mut Vec<Diagnostic>, more: Vec<Diagnostic>) {
    let told: Vec<Span> = diagnostics.iter().filter_map(|d| d.span).collect();
    let is_within = |span: &Span| {
        told.iter()
            .any(|told| told.file == span.file && told.start <= span.start && span.end <= told.end)
    };
    let is_new = |d: &Diagnostic| d.span.is_none_or(|span| !is_within(&span));
    diagnostics.extend(more.into_iter().filter(is_new));
}
