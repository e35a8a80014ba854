//! What stands in the text: YAML into a tree of nodes, each with the exact place where it is written.
//!
//! The parser's own spans reach to the next token; here they are cut back to what was written.
//! Anchors, aliases and tags are refused: an alias would make every place after it wrong.

use serde_yaml::Value;
use serde_yaml::mapping::DuplicateKey;

use crate::diagnostic::{Diagnostic, Span, Spanned};
use crate::scalar_text;

/// A value as written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key of a mapping with its value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: Spanned<String>,
    pub(crate) value: Node,
}

impl Node {
    /// What it is, as it is said in a message.
    pub(crate) fn describe(&self) -> String {
        match self.kind {
            Kind::Null => "nothing".to_owned(),
            Kind::Bool(truth) => format!("`{truth}`"),
            Kind::Int(integer) => format!("the integer {integer}"),
            Kind::Float(float) => format!("the number {float}"),
            Kind::Text(_) => "a text".to_owned(),
            Kind::List(_) => "a list".to_owned(),
            Kind::Map(_) => "a mapping".to_owned(),
        }
    }

    /// Whether it is a mapping with that key.
    pub(crate) fn has(&self, key: &str) -> bool {
        matches!(&self.kind, Kind::Map(entries) if entries.iter().any(|entry| entry.key.value == key))
    }

    /// Whether it is a null that nobody wrote: `key:` and nothing after it.
    pub(crate) fn is_left_out(&self, key: &Spanned<String>) -> bool {
        self.kind == Kind::Null && self.span == key.span
    }

    /// Calls `visit` with every text and every key below, and its place.
    pub(crate) fn each_text(&self, visit: &mut impl FnMut(&str, Span)) {
        match &self.kind {
            Kind::Text(text) => visit(text, self.span),
            Kind::List(items) => items.iter().for_each(|item| item.each_text(visit)),
            Kind::Map(entries) => {
                for entry in entries {
                    visit(&entry.key, entry.key.span);
                    entry.value.each_text(visit);
                }
            }
            Kind::Null | Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) => {}
        }
    }
}

/// The tree of `text`, or `None` if it cannot be read as a whole; what is wrong goes to `found`.
pub(crate) fn read(text: &str, file: usize, found: &mut Vec<Diagnostic>) -> Option<Node> {
    // The parser does not count a byte order mark.
    let bom = text.len() - text.trim_start_matches('\u{feff}').len();
    let body = text.get(bom..).unwrap_or_default();
    let mut duplicates = Vec::new();
    let parsed = Value::from_str(body, |_, key, first| {
        duplicates.push((key.clone(), first.clone()));
        DuplicateKey::Ignore
    });
    let mut reader = Reader {
        text,
        file,
        bom,
        found,
    };
    match parsed {
        Ok(Value::Null(span)) => {
            let at = reader.span(span.start.index, span.start.index);
            reader.found.push(
                Diagnostic::error("empty-file", "the file holds nothing")
                    .at(at, "expected `stage:` and the list that belongs to it")
                    .help("start with `stage: <name of the folder>`, or delete the file"),
            );
            None
        }
        Ok(value) => {
            let node = reader.node(&value)?;
            for (key, first) in duplicates {
                reader.duplicate(&key, &first);
            }
            Some(node)
        }
        Err(error) => {
            reader.syntax_error(&error);
            None
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    file: usize,
    bom: usize,
    found: &'a mut Vec<Diagnostic>,
}

impl Reader<'_> {
    /// From the parser's offsets.
    fn span(&self, start: usize, end: usize) -> Span {
        Span {
            file: self.file,
            start: (start + self.bom).min(self.text.len()),
            end: (end + self.bom).min(self.text.len()),
        }
    }

    fn node(&mut self, value: &Value) -> Option<Node> {
        let span = value.span();
        let mut span = self.span(span.start.index, span.end.index);
        self.refuse_indirection(span)?;
        let kind = match value {
            Value::Sequence(items, _) => {
                let items: Vec<Node> = items
                    .iter()
                    .map(|item| self.node(item))
                    .collect::<Option<_>>()?;
                let last = items.last().map(|item| item.span.end);
                span.end = scalar_text::collection_end(self.text, span.start, last);
                Kind::List(items)
            }
            Value::Mapping(mapping, _) => {
                let mut entries = Vec::with_capacity(mapping.len());
                for (key, value) in mapping {
                    entries.extend(self.entry(key, value)?);
                }
                let last = entries.last().map(|entry| entry.value.span.end);
                span.end = scalar_text::collection_end(self.text, span.start, last);
                Kind::Map(entries)
            }
            scalar => {
                let (kind, plain) = match scalar {
                    Value::Bool(truth, _) => (Kind::Bool(*truth), None),
                    Value::Number(number, _) => (
                        match (number.as_i64(), number.as_f64()) {
                            (Some(integer), _) => Kind::Int(integer),
                            (None, float) => Kind::Float(float.unwrap_or(f64::NAN)),
                        },
                        None,
                    ),
                    Value::String(text, _) => (Kind::Text(text.clone()), Some(text.as_str())),
                    _ => (Kind::Null, None),
                };
                span.end = scalar_text::end(self.text, span.start, plain);
                kind
            }
        };
        Some(Node { span, kind })
    }

    /// `None` if nothing after it can be trusted, `Some(None)` if the entry alone is of no use.
    fn entry(&mut self, key: &Value, value: &Value) -> Option<Option<Entry>> {
        let key = self.node(key)?;
        let mut value = self.node(value)?;
        if value.kind == Kind::Null && value.span.start == value.span.end {
            value.span = key.span;
        }
        let Kind::Text(name) = key.kind else {
            self.found.push(
                Diagnostic::error(
                    "wrong-type",
                    format!("a key must be a text, found {}", key.describe()),
                )
                .at(key.span, "expected a text")
                .help("put it in quotes"),
            );
            return Some(None);
        };
        Some(Some(Entry {
            key: Spanned::new(name, key.span),
            value,
        }))
    }

    fn refuse_indirection(&mut self, span: Span) -> Option<()> {
        let what = match self.text.as_bytes().get(span.start) {
            Some(b'*') => "an alias (`*name`)",
            Some(b'&') => "an anchor (`&name`)",
            Some(b'!') => "a tag (`!name`)",
            _ => return Some(()),
        };
        let rest = self.text.get(span.start..).unwrap_or_default();
        let length = rest
            .find(|c: char| c.is_whitespace() || matches!(c, ',' | ']' | '}'))
            .unwrap_or(rest.len());
        let at = Span {
            end: span.start + length,
            ..span
        };
        self.found.push(
            Diagnostic::error("yaml-feature", format!("{what} is not read here"))
                .at(at, "")
                .help("write the value out; if a text begins with this character, quote it"),
        );
        None
    }

    fn duplicate(&mut self, key: &Value, first: &Value) {
        let Value::String(name, _) = key else {
            return;
        };
        let place = |value: &Value| {
            let start = value.span().start.index;
            let start = self.span(start, start).start;
            Span {
                file: self.file,
                start,
                end: scalar_text::end(self.text, start, Some(name)),
            }
        };
        let (second, first) = (place(key), place(first));
        self.found.push(
            Diagnostic::error("duplicate-key", format!("key `{name}` is given twice"))
                .at(second, "given again")
                .related(first, "first given here")
                .help("keep one of the two"),
        );
    }

    fn syntax_error(&mut self, error: &serde_yaml::Error) {
        let whole = error.display_no_mark().to_string();
        let (problem, context) = whole.split_once(", while ").unwrap_or((&whole, ""));
        let problem = problem.split(" at line ").next().unwrap_or(problem);
        let problem = problem.split(" at position ").next().unwrap_or(problem);
        if whole.contains("more than one document") {
            let second = self
                .text
                .match_indices("\n---")
                .map(|(at, _)| at + 1)
                .find(|at| !self.text.get(..*at).unwrap_or_default().trim().is_empty());
            let start = second.unwrap_or(0);
            let at = Span {
                file: self.file,
                start,
                end: (start + 3).min(self.text.len()),
            };
            self.found.push(
                Diagnostic::error("yaml-syntax", "the file holds more than one document")
                    .at(at, "the second one begins here")
                    .help("give each its own file"),
            );
            return;
        }
        if whole.contains("EOF while parsing") || whole.contains("EndOfStream") {
            self.found.push(
                Diagnostic::error("empty-file", "the file holds nothing")
                    .at(self.span(0, 0), "")
                    .help("start with `stage: <name of the folder>`, or delete the file"),
            );
            return;
        }
        let start = error.location().map_or(0, |mark| mark.index);
        let start = self.text.floor_char_boundary(self.span(start, start).start);
        let rest = self.text.get(start..).unwrap_or_default();
        let token = rest
            .find(|c: char| c.is_whitespace())
            .unwrap_or(rest.len())
            .max(1);
        let at = Span {
            file: self.file,
            start,
            end: self
                .text
                .ceil_char_boundary((start + token).min(self.text.len())),
        };
        let mut diagnostic = Diagnostic::error("yaml-syntax", "the file cannot be read as YAML")
            .at(at, problem)
            .maybe_help(syntax_help(problem, rest).map(str::to_owned));
        if let Some((what, place)) = context.split_once(" at line ")
            && let Some(context) = self.line_column(place)
            && context.start < at.start
        {
            diagnostic = diagnostic.related(context, format!("while {what}"));
        }
        self.found.push(diagnostic);
    }

    /// From `3 column 9`, both counted from 1.
    fn line_column(&self, place: &str) -> Option<Span> {
        let (line, column) = place.split_once(" column ")?;
        let (line, column): (usize, usize) = (line.parse().ok()?, column.trim().parse().ok()?);
        let start: usize = self
            .text
            .split_inclusive('\n')
            .take(line.checked_sub(1)?)
            .map(str::len)
            .sum();
        let rest = self.text.get(start..)?;
        let (offset, c) = rest.char_indices().nth(column.checked_sub(1)?)?;
        Some(Span {
            file: self.file,
            start: start + offset,
            end: start + offset + c.len_utf8(),
        })
    }
}

fn syntax_help(problem: &str, rest: &str) -> Option<&'static str> {
    if rest.starts_with('\t') || problem.contains("tab") {
        return Some("indent with spaces; YAML allows no tabs there");
    }
    if problem.contains("mapping values are not allowed") {
        return Some("a text with `: ` in it needs quotes; otherwise the indentation is off");
    }
    if problem.contains("cannot start any token") {
        return Some("a text that begins with `@`, `` ` `` or `%` needs quotes");
    }
    if problem.contains("unexpected end of stream") {
        return Some("a quote or bracket is not closed");
    }
    if problem.contains("expected ','") {
        return Some("inside `{…}` and `[…]`, texts with `,`, `{`, `}`, `[` or `]` need quotes");
    }
    if problem.contains("did not find expected key") || problem.contains("'-' indicator") {
        return Some("is the indentation that of the lines above?");
    }
    if problem.contains("could not find expected ':'") {
        return Some("a key needs `: ` after it; a text over several lines wants `|`");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(text: &str) -> Node {
        let mut found = Vec::new();
        let node = read(text, 0, &mut found);
        assert!(found.is_empty(), "{found:?}");
        node.unwrap()
    }

    /// Every node's source text, in document order.
    fn sources(text: &str) -> Vec<&str> {
        fn walk<'t>(node: &Node, text: &'t str, out: &mut Vec<&'t str>) {
            out.push(&text[node.span.start..node.span.end]);
            match &node.kind {
                Kind::List(items) => items.iter().for_each(|item| walk(item, text, out)),
                Kind::Map(entries) => {
                    for entry in entries {
                        out.push(&text[entry.key.span.start..entry.key.span.end]);
                        walk(&entry.value, text, out);
                    }
                }
                _ => {}
            }
        }
        let mut out = Vec::new();
        walk(&tree(text), text, &mut out);
        out
    }

    #[test]
    fn spans_are_what_was_written() {
        let text = "a: {b: 'it''s' , c: \"x \\\" y\", d: [1 , 2.5 ] } # z\n\
                    e: two words # no\nf:\n  - p: true\n    q: ~\n  - größe\ng:\n  one\n  two\n\nh: -3\n";
        assert_eq!(
            sources(text),
            [
                text.trim_end(),
                "a",
                "{b: 'it''s' , c: \"x \\\" y\", d: [1 , 2.5 ] }",
                "b",
                "'it''s'",
                "c",
                "\"x \\\" y\"",
                "d",
                "[1 , 2.5 ]",
                "1",
                "2.5",
                "e",
                "two words",
                "f",
                "- p: true\n    q: ~\n  - größe",
                "p: true\n    q: ~",
                "p",
                "true",
                "q",
                "~",
                "größe",
                "g",
                "one\n  two",
                "h",
                "-3",
            ]
        );
    }

    #[test]
    fn block_scalars_end_with_their_content() {
        let text = "a: |\n  one\n\n    two\n\n# comment\nb: >-\n  x\n  y\nc: 1\n";
        assert_eq!(
            sources(text),
            [
                text.trim_end(),
                "a",
                "|\n  one\n\n    two",
                "b",
                ">-\n  x\n  y",
                "c",
                "1"
            ]
        );
    }

    #[test]
    fn a_value_left_out_takes_the_place_of_its_key() {
        let node = tree("a:\nb: null\n");
        let Kind::Map(entries) = node.kind else {
            panic!()
        };
        assert!(entries[0].value.is_left_out(&entries[0].key));
        assert!(!entries[1].value.is_left_out(&entries[1].key));
    }

    #[test]
    fn a_byte_order_mark_shifts_nothing() {
        let text = "\u{feff}a: b\n";
        assert_eq!(sources(text), ["a: b", "a", "b"]);
    }

    #[test]
    fn indirection_is_refused() {
        for (text, at) in [
            ("a: &x 1\nb: 2\n", "&x"),
            ("a: !foo 1\n", "!foo"),
            ("a: [!!str 1, 2]\n", "!!str"),
        ] {
            let mut found = Vec::new();
            assert_eq!(read(text, 0, &mut found), None);
            let span = found[0].span.unwrap();
            assert_eq!(&text[span.start..span.end], at);
            assert_eq!((found.len(), found[0].code), (1, "yaml-feature"));
        }
    }
}
