//! Reading nodes as what they should be: every helper reports what it finds and goes on.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Severity, Span, Spanned, closest, did_you_mean, enumerate};
use crate::matrix::{self, Binding};
use crate::name::{MAX_IDENTIFIER, is_identifier};
use crate::project::SourceFile;
use crate::sql::Sql;
use crate::yaml::{Entry, Kind, Node};

/// What reading needs to know, and where mistakes go.
pub(crate) struct Cx<'a> {
    files: &'a [SourceFile],
    found: Vec<(Diagnostic, Option<usize>)>,
    /// What the matrix puts in at the moment.
    pub(crate) bindings: Vec<Binding>,
    /// Which job of a family is read at the moment; a mistake is reported for one of them only.
    pub(crate) variant: Option<usize>,
}

impl<'a> Cx<'a> {
    pub(crate) fn new(files: &'a [SourceFile]) -> Self {
        Self {
            files,
            found: Vec::new(),
            bindings: Vec::new(),
            variant: None,
        }
    }

    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        self.found.push((diagnostic, self.variant));
    }

    /// How many errors there are so far; it grows when one is added.
    pub(crate) fn errors(&self) -> usize {
        self.found
            .iter()
            .filter(|(diagnostic, _)| diagnostic.severity == Severity::Error)
            .count()
    }

    /// Everything found, sorted; what several jobs of a family share, once.
    pub(crate) fn finish(self) -> Vec<Diagnostic> {
        let mut first = BTreeMap::new();
        let mut kept = Vec::new();
        for (diagnostic, variant) in self.found {
            let place = (diagnostic.code, diagnostic.span);
            if *first.entry(place).or_insert(variant) == variant {
                kept.push(diagnostic);
            }
        }
        crate::diagnostic::tidy(&mut kept);
        kept
    }

    /// Whether a key stands there without a colon, as in `{a: b, c}`.
    fn lacks_colon(&self, key: Span) -> bool {
        self.files
            .get(key.file)
            .and_then(|file| file.text.get(key.end..))
            .is_some_and(|rest| !rest.trim_start().starts_with(':'))
    }

    /// The place of `part` in the text at `span`, or `span` if it is written otherwise.
    pub(crate) fn find_in(&self, span: Span, part: &str) -> Span {
        self.files
            .get(span.file)
            .and_then(|file| file.text.get(span.start..span.end)?.find(part))
            .map_or(span, |at| Span {
                start: span.start + at,
                end: span.start + at + part.len(),
                ..span
            })
    }

    pub(crate) fn wrong_type(&mut self, node: &Node, what: &str, expected: &str) {
        let mut diagnostic = Diagnostic::error(
            "wrong-type",
            format!("{what} must be {expected}, found {}", node.describe()),
        )
        .at(node.span, format!("expected {expected}"));
        match &node.kind {
            Kind::Map(entries) if expected == "a text" => {
                if let [entry] = entries.as_slice()
                    && entry.value.is_left_out(&entry.key)
                {
                    diagnostic = diagnostic.help(format!("write \"{{{}}}\"", entry.key));
                }
            }
            Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) if expected == "a text" => {
                diagnostic = diagnostic.help("put it in quotes");
            }
            _ => {}
        }
        self.report(diagnostic);
    }

    pub(crate) fn map<'n>(&mut self, node: &'n Node, what: &'static str) -> Option<Map<'n>> {
        match &node.kind {
            Kind::Map(entries) => Some(Map::new(node, entries, what)),
            _ => {
                self.wrong_type(node, what, "a mapping");
                None
            }
        }
    }

    /// What stands under a free key, such as a column's; the key is where mistakes are shown.
    pub(crate) fn named_map<'n>(
        &mut self,
        entry: &'n Entry,
        what: &'static str,
    ) -> Option<Map<'n>> {
        if let Kind::Text(text) = &entry.value.kind {
            self.report(
                Diagnostic::error(
                    "wrong-type",
                    format!("{what} must be a mapping, found a text"),
                )
                .at(entry.value.span, "expected a mapping")
                .help(format!("write `{{type: {text}, …}}`")),
            );
            return None;
        }
        let mut map = self.map(&entry.value, what)?;
        map.anchor = entry.key.span;
        Some(map)
    }

    pub(crate) fn list<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [Node]> {
        match &node.kind {
            Kind::List(items) => Some(items),
            _ => {
                self.wrong_type(node, what, "a list");
                None
            }
        }
    }

    /// A list with something in it.
    pub(crate) fn filled_list<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [Node]> {
        let items = self.list(node, what)?;
        if items.is_empty() {
            self.report(
                Diagnostic::error("empty-list", format!("{what} is empty"))
                    .at(node.span, "expected at least one entry"),
            );
            return None;
        }
        Some(items)
    }

    /// A text as it is written, placeholders and all.
    pub(crate) fn plain_text(&mut self, node: &Node, what: &str) -> Option<Spanned<String>> {
        match &node.kind {
            Kind::Text(text) => Some(Spanned::new(text.clone(), node.span)),
            _ => {
                self.wrong_type(node, what, "a text");
                None
            }
        }
    }

    /// A text that is not blank, with the matrix's values put in.
    pub(crate) fn text(&mut self, node: &Node, what: &str) -> Option<Spanned<String>> {
        let text = self.plain_text(node, what)?;
        if text.trim().is_empty() {
            self.report(
                Diagnostic::error("empty-text", format!("{what} is blank"))
                    .at(node.span, "expected a text with something in it"),
            );
            return None;
        }
        Some(self.fill(&text))
    }

    /// The same text with the matrix's values put in.
    pub(crate) fn fill(&self, text: &Spanned<String>) -> Spanned<String> {
        Spanned::new(matrix::fill(text, &self.bindings).0, text.span)
    }

    pub(crate) fn sql(&mut self, node: &Node, what: &str) -> Option<Sql> {
        self.text(node, what)?;
        let Kind::Text(value) = &node.kind else {
            return None;
        };
        let (text, edits) = matrix::fill(value, &self.bindings);
        let file = self.files.get(node.span.file)?;
        Some(Sql::written(&file.text, node.span, value, text, edits))
    }

    /// The text if it is an identifier, otherwise a report.
    pub(crate) fn identifier(&mut self, text: &Spanned<String>) -> Option<Spanned<String>> {
        if is_identifier(text) {
            return Some(text.clone());
        }
        let last = text.rsplit('.').next().unwrap_or_default();
        let near = last.trim().to_lowercase().replace([' ', '-'], "_");
        let help = if matrix::placeholders(text).next().is_some() {
            Some("a placeholder needs an axis of that name in the job's `matrix`".to_owned())
        } else {
            is_identifier(&near).then(|| format!("did you mean `{near}`?"))
        };
        self.report(
            Diagnostic::error("bad-identifier", format!("`{text}` is no identifier"))
                .at(
                    text.span,
                    format!(
                        "expected a lowercase letter, then lowercase letters, digits or `_`, \
                         at most {MAX_IDENTIFIER}"
                    ),
                )
                .maybe_help(help),
        );
        None
    }

    pub(crate) fn boolean(&mut self, node: &Node, what: &str) -> Option<bool> {
        match node.kind {
            Kind::Bool(truth) => Some(truth),
            _ => {
                self.wrong_type(node, what, "true or false");
                None
            }
        }
    }

    /// One of the words that `values` gives a meaning to; `elsewhere` tells what others call them.
    pub(crate) fn word<T: Clone>(
        &mut self,
        node: &Node,
        what: &str,
        values: &[(&str, T)],
        elsewhere: &[(&str, &str)],
    ) -> Option<T> {
        let text = self.text(node, what)?;
        if let Some((_, value)) = values.iter().find(|(word, _)| *word == text.value) {
            return Some(value.clone());
        }
        let words = || values.iter().map(|(word, _)| *word);
        self.report(
            Diagnostic::error("unknown-value", format!("{what} cannot be `{text}`"))
                .at(text.span, "unknown value")
                .maybe_help(
                    named_elsewhere(&text, elsewhere).or_else(|| did_you_mean(&text, words())),
                )
                .help(format!("{what} is one of {}", enumerate(words()))),
        );
        None
    }
}

/// ``did you mean `x`?`` for a name by which `x` goes elsewhere.
pub(crate) fn named_elsewhere(word: &str, elsewhere: &[(&str, &str)]) -> Option<String> {
    let lowered = word.to_lowercase();
    let found = elsewhere.iter().find(|(theirs, _)| *theirs == lowered)?;
    Some(format!("did you mean `{}`?", found.1))
}

/// A mapping being read: what nobody asks for is an unknown key.
pub(crate) struct Map<'n> {
    what: &'static str,
    anchor: Span,
    entries: &'n [Entry],
    asked: Vec<&'static str>,
    missing: Vec<&'static str>,
    /// Reported by whoever knows better why they do not belong here.
    given_elsewhere: Vec<&'static str>,
}

impl<'n> Map<'n> {
    fn new(node: &Node, entries: &'n [Entry], what: &'static str) -> Self {
        let name = entries
            .iter()
            .find(|entry| matches!(entry.key.as_str(), "name" | "reason"))
            .map(|entry| entry.value.span);
        let first = entries.first().map(|entry| entry.key.span);
        Self {
            what,
            anchor: name.or(first).unwrap_or(node.span),
            entries,
            asked: Vec::new(),
            missing: Vec::new(),
            given_elsewhere: Vec::new(),
        }
    }

    /// The value of `key`, if it is there.
    pub(crate) fn take(&mut self, key: &'static str) -> Option<&'n Node> {
        self.asked.push(key);
        self.entries
            .iter()
            .find(|entry| entry.key.value == key)
            .map(|entry| &entry.value)
    }

    /// The value of `key`; its absence will be reported.
    pub(crate) fn need(&mut self, key: &'static str) -> Option<&'n Node> {
        let value = self.take(key);
        if value.is_none() {
            self.missing.push(key);
        }
        value
    }

    /// Where to point when something is missing: the name, or the first key.
    pub(crate) fn anchor(&self) -> Span {
        self.anchor
    }

    /// The keys that nobody asked for but that are among `known`; they are not reported as unknown then.
    pub(crate) fn others(&mut self, known: &[&'static str]) -> Vec<(&'static str, Span)> {
        let mut others = Vec::new();
        for entry in self.entries {
            let known = known.iter().find(|known| **known == entry.key.value);
            if let Some(known) = known.filter(|known| !self.asked.contains(known)) {
                others.push((*known, entry.key.span));
            }
        }
        self.given_elsewhere
            .extend(others.iter().map(|(key, _)| *key));
        others
    }

    /// All entries of a mapping whose keys are free.
    pub(crate) fn into_entries(self) -> &'n [Entry] {
        self.entries
    }

    /// Reports the keys that nobody asked for, and those that are not there.
    pub(crate) fn finish(mut self, cx: &mut Cx<'_>) {
        let mut value_before: Option<Span> = None;
        let mut comma: Option<Span> = None;
        for entry in self.entries {
            let key = entry.key.as_str();
            let left_out = entry.value.is_left_out(&entry.key);
            if self.asked.contains(&key) || self.given_elsewhere.contains(&key) {
                value_before = Some(entry.value.span);
                comma
                    .take()
                    .into_iter()
                    .for_each(|text| unquoted_comma(text, cx));
                continue;
            }
            if left_out && cx.lacks_colon(entry.key.span) {
                comma = comma.or(value_before).map(|text| Span {
                    end: entry.key.span.end,
                    ..text
                });
                if comma.is_some() {
                    continue;
                }
            }
            self.unknown_key(&entry.key, cx);
        }
        comma.into_iter().for_each(|text| unquoted_comma(text, cx));
        for missing in &self.missing {
            cx.report(
                Diagnostic::error("missing-key", format!("{} lacks `{missing}`", self.what))
                    .at(self.anchor, format!("`{missing}` is missing")),
            );
        }
    }

    fn unknown_key(&mut self, key: &Spanned<String>, cx: &mut Cx<'_>) {
        let given = |asked: &&str| self.entries.iter().any(|entry| entry.key.value == *asked);
        let near = closest(
            key,
            self.asked.iter().copied().filter(|asked| !given(asked)),
        );
        let help = near.map_or_else(
            || {
                format!(
                    "{} takes {}",
                    self.what,
                    enumerate(self.asked.iter().copied())
                )
            },
            |near| format!("did you mean `{near}`?"),
        );
        cx.report(
            Diagnostic::error(
                "unknown-key",
                format!("unknown key `{key}` in {}", self.what),
            )
            .at(key.span, "unknown key")
            .help(help),
        );
        // A slip of the pen is one mistake, not two.
        self.missing.retain(|missing| Some(*missing) != near);
    }
}

/// What was meant as one text was read as several keys.
fn unquoted_comma(text: Span, cx: &mut Cx<'_>) {
    cx.report(
        Diagnostic::error(
            "unquoted-comma",
            "a text with a comma in it needs quotes inside `{…}`",
        )
        .at(text, "read as a text that ends at its first comma")
        .help("put all of it in quotes"),
    );
}
