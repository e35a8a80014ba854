//! What is wrong with a pipeline file, and where: mistakes as values, all of them collected.

use std::fmt;
use std::ops::Deref;

/// A stretch of a file: byte offsets into its text, `start` included, `end` not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Index of the file in [`Project::files`](crate::Project::files).
    pub file: usize,
    /// Offset of the first byte.
    pub start: usize,
    /// Offset after the last byte.
    pub end: usize,
}

/// A value and the place where it is written. Dereferences to the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Spanned<T> {
    /// What is written.
    pub value: T,
    /// Where.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// The value `value`, written at `span`.
    pub const fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }

    /// Another value, written at the same place.
    pub fn map<U>(self, to: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned::new(to(self.value), self.span)
    }
}

impl<T> Deref for Spanned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Display> fmt::Display for Spanned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

/// How bad a mistake is, or how bad it is when a check finds rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Nothing is run, or nothing is committed.
    #[default]
    Error,
    /// Odd but possible: said, and counted.
    Warning,
}

/// The severity as YAML writes it: `error` or `warn`.
impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Error => "error",
            Self::Warning => "warn",
        })
    }
}

/// One mistake: what is wrong, where, and what to do about it.
///
/// ```
/// # use hubcensus_spec::{Diagnostic, Span};
/// # let span = Span { file: 0, start: 0, end: 4 };
/// let mistake = Diagnostic::error("unknown-table", "unknown table `enrich.modles`")
///     .at(span, "no job and no file makes this table")
///     .help("did you mean `enrich.models`?");
/// # assert_eq!(mistake.span, Some(span));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// The kind of mistake, for instance `unknown-key`.
    pub code: &'static str,
    /// What is wrong: a lowercase fragment that carries the value.
    pub message: String,
    /// Where; absent if the mistake is in no single place.
    pub span: Option<Span>,
    /// What stands beside the underlined text; may be empty.
    pub label: String,
    /// Other places that belong to it, each with what is to be said about it.
    pub related: Vec<(Span, String)>,
    /// What to do, each on a line of its own.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// A mistake of severity error, so far without place or help.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            message: message.into(),
            span: None,
            label: String::new(),
            related: Vec::new(),
            help: Vec::new(),
        }
    }

    /// The same as a warning.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, message)
        }
    }

    /// The place, and what stands beside it (may be empty).
    #[must_use]
    pub fn at(mut self, span: Span, label: impl Into<String>) -> Self {
        self.span = Some(span);
        self.label = label.into();
        self
    }

    /// Another place that belongs to it.
    #[must_use]
    pub fn related(mut self, span: Span, label: impl Into<String>) -> Self {
        self.related.push((span, label.into()));
        self
    }

    /// A line on what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// The line on what to do, if there is one to give.
    #[must_use]
    pub fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help.extend(help);
        self
    }
}

/// Sorts by file and position, errors before warnings at the same place, and drops repetitions
/// (same kind, place and message).
pub fn tidy(diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.sort_by(|a, b| {
        let key = |d: &Diagnostic| (d.span.map(|s| (s.file, s.start, s.end)), d.severity, d.code);
        key(a).cmp(&key(b)).then_with(|| a.message.cmp(&b.message))
    });
    diagnostics.dedup_by(|a, b| (a.code, a.span, &a.message) == (b.code, b.span, &b.message));
}

/// The candidate nearest to `word`, if one is near enough to be a slip of the pen: of several, one
/// that `word` lacks letters of, then one that begins like it.
pub fn closest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let lowered = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| {
            let distance = strsim::damerau_levenshtein(&lowered, &candidate.to_lowercase());
            (distance, candidate)
        })
        .filter(|(distance, candidate)| {
            let longer = word.chars().count().max(candidate.chars().count());
            *distance <= (longer / 3).max(1) && *distance < longer
        })
        .min_by_key(|(distance, candidate)| {
            let candidate = candidate.to_lowercase();
            let begins_alike = lowered.chars().next() == candidate.chars().next();
            (
                *distance,
                !has_letters_of(&candidate, &lowered),
                !begins_alike,
            )
        })
        .map(|(_, candidate)| candidate)
}

/// Whether `whole` has the letters of `part` in their order.
fn has_letters_of(whole: &str, part: &str) -> bool {
    let mut letters = whole.chars();
    part.chars()
        .all(|letter| letters.any(|other| other == letter))
}

/// ``did you mean `x`?``, if a candidate is near enough to `word`.
pub fn did_you_mean<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<String> {
    closest(word, candidates).map(|candidate| format!("did you mean `{candidate}`?"))
}

/// The most words that a message lists.
const MAX_LISTED: usize = 16;

/// `` `a`, `b` and `c` ``; of many, the first.
pub fn enumerate<'w>(words: impl IntoIterator<Item = &'w str>) -> String {
    let mut quoted: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    if quoted.len() > MAX_LISTED {
        let more = quoted.len() - MAX_LISTED;
        quoted.truncate(MAX_LISTED);
        quoted.push(format!("{more} more"));
    }
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => "none".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_near_is_suggested() {
        let keys = ["description", "query", "key", "sort"];
        assert_eq!(closest("descripton", keys), Some("description"));
        assert_eq!(closest("Query", keys), Some("query"));
        assert_eq!(closest("kye", keys), Some("key"));
        assert_eq!(closest("checks", keys), None);
        assert_eq!(closest("x", ["y"]), None);
        assert_eq!(closest("cont", ["cos", "cot", "count"]), Some("count"));
        assert_eq!(closest("cosn", ["cot", "cost"]), Some("cost"));
        assert_eq!(did_you_mean("srot", keys).unwrap(), "did you mean `sort`?");
    }

    #[test]
    fn tidy_sorts_by_place_and_drops_repetitions() {
        let span = |file, start| Span {
            file,
            start,
            end: start + 1,
        };
        let at = |code, span| Diagnostic::error(code, "m").at(span, "");
        let mut found = vec![
            at("b", span(1, 0)),
            at("a", span(0, 9)),
            at("a", span(0, 3)),
            at("a", span(0, 9)),
        ];
        tidy(&mut found);
        assert_eq!(
            found,
            [
                at("a", span(0, 3)),
                at("a", span(0, 9)),
                at("b", span(1, 0))
            ]
        );
    }

    #[test]
    fn words_are_listed_as_one_says_them() {
        assert_eq!(enumerate(["a"]), "`a`");
        assert_eq!(enumerate(["a", "b", "c"]), "`a`, `b` and `c`");
        assert_eq!(enumerate([]), "none");
        let many = enumerate(["x"; MAX_LISTED + 3]);
        assert!(many.ends_with("`x` and 3 more"), "{many}");
    }
}
