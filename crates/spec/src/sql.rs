//! SQL as it stands in a pipeline file, and the way back from its lines and columns to the file's.

use std::fmt;

use crate::diagnostic::Span;
use crate::scalar_text::Alignment;

/// SQL from a pipeline file: the text to run, and where each part of it is written.
///
/// The text is that of the YAML scalar with the matrix's values put in. It is empty if the file
/// lacks it, which a diagnostic says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sql {
    /// What is run.
    pub text: String,
    span: Span,
    map: Map,
    edits: Vec<Edit>,
}

/// The way from an offset in the text to one in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Map {
    /// It cannot be known.
    Unknown,
    /// The text stands in the file as it is.
    Verbatim,
    /// From the scalar's value, before the matrix.
    Scalar(Alignment),
}

impl Map {
    fn file_offset(&self, span: Span, offset: usize) -> Option<usize> {
        match self {
            Self::Unknown => None,
            Self::Verbatim => Some(span.start + offset),
            Self::Scalar(alignment) => alignment.file_offset(offset),
        }
    }
}

/// A placeholder that gave way to a value: byte ranges in the text before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Edit {
    pub(crate) before: (usize, usize),
    pub(crate) after: (usize, usize),
}

impl Sql {
    /// SQL that stands as a whole at `span`, no part of it to be told from another.
    pub fn unmapped(text: impl Into<String>, span: Span) -> Self {
        Self {
            text: text.into(),
            span,
            map: Map::Unknown,
            edits: Vec::new(),
        }
    }

    /// SQL that is the whole of file number `file`.
    pub fn verbatim(text: impl Into<String>, file: usize) -> Self {
        let text = text.into();
        let span = Span {
            file,
            start: 0,
            end: text.len(),
        };
        Self {
            text,
            span,
            map: Map::Verbatim,
            edits: Vec::new(),
        }
    }

    /// The scalar at `span` of `file`, read as `value`, with `edits` turned into `text`.
    pub(crate) fn written(
        file: &str,
        span: Span,
        value: &str,
        text: String,
        edits: Vec<Edit>,
    ) -> Self {
        Self {
            text,
            span,
            map: Alignment::new(file, span.start, span.end, value)
                .map_or(Map::Unknown, Map::Scalar),
            edits,
        }
    }

    /// The place of all of it, without the quotes or the `|` around it.
    pub fn span_all(&self) -> Span {
        let start = self.text.len() - self.text.trim_start().len();
        self.between(start, self.text.trim_end().len())
    }

    /// The place of `len` characters from `line` and `column` on, both counted from 1, the column
    /// in characters, as DataFusion's diagnostics count them.
    ///
    /// With `len` 0 the word that begins there, or one character. What lies behind the end of the
    /// text gives the place after its last character.
    pub fn span_at(&self, line: usize, column: usize, len: usize) -> Span {
        let start = self.offset(line, column);
        let rest = self.text.get(start..).unwrap_or_default();
        let length = if len > 0 {
            rest.chars().take(len).map(char::len_utf8).sum()
        } else {
            let is_word = |c: &char| c.is_alphanumeric() || *c == '_';
            let word: usize = rest.chars().take_while(is_word).map(char::len_utf8).sum();
            word.max(rest.chars().next().map_or(0, char::len_utf8))
        };
        self.between(start, start + length)
    }

    /// The place from one line and column up to another, which is not included; counted as in
    /// [`Sql::span_at`].
    pub fn span_between(&self, start: (usize, usize), end: (usize, usize)) -> Span {
        let (start, end) = (self.offset(start.0, start.1), self.offset(end.0, end.1));
        self.between(start, end.max(start))
    }

    /// Byte offset in the text, at most that after the last character that is no space.
    fn offset(&self, line: usize, column: usize) -> usize {
        let last = self.text.trim_end().len();
        let start: usize = self
            .text
            .split_inclusive('\n')
            .take(line.saturating_sub(1))
            .map(str::len)
            .sum();
        let line = self.text.get(start..).unwrap_or_default();
        let line = line.split('\n').next().unwrap_or_default();
        let columns: usize = line
            .chars()
            .take(column.saturating_sub(1))
            .map(char::len_utf8)
            .sum();
        (start + columns).min(last)
    }

    /// The place of a byte range of the text.
    fn between(&self, start: usize, end: usize) -> Span {
        let end = end.min(self.text.trim_end().len());
        let place = || {
            let file_offset = |offset| self.map.file_offset(self.span, offset);
            if start >= end {
                // After the last character: what comes next may stand far off.
                let before = self.text.get(..start)?.chars().next_back()?.len_utf8();
                let at = file_offset(self.before(start - before, false))? + before;
                return Some((at, at));
            }
            let last = self.text.get(start..end)?.chars().next_back()?.len_utf8();
            let from = file_offset(self.before(start, false))?;
            let to = file_offset(self.before(end - last, true))?;
            let width = if self.edited(end - last) { 1 } else { last };
            Some((from, to + width))
        };
        match place() {
            Some((start, end)) => Span {
                start,
                end,
                ..self.span
            },
            None => self.span,
        }
    }

    /// The offset before the edits: inside a value put in, the placeholder's first or last byte.
    fn before(&self, offset: usize, last: bool) -> usize {
        let upto = self.edits.partition_point(|edit| edit.after.0 <= offset);
        match upto.checked_sub(1).and_then(|edit| self.edits.get(edit)) {
            Some(edit) if offset < edit.after.1 && last => edit.before.1 - 1,
            Some(edit) if offset < edit.after.1 => edit.before.0,
            Some(edit) => edit.before.1 + (offset - edit.after.1),
            None => offset,
        }
    }

    fn edited(&self, offset: usize) -> bool {
        self.edits
            .iter()
            .any(|edit| (edit.after.0..edit.after.1).contains(&offset))
    }
}

impl fmt::Display for Sql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use crate::matrix::Binding;

    use super::*;

    fn sql(yaml: &str, bindings: &[(&str, &str)]) -> Sql {
        let value: serde_yaml::Value = serde_yaml::from_str(yaml).unwrap();
        let value = value["q"].as_str().unwrap().to_owned();
        let start = yaml.find("q: ").unwrap() + 3;
        let span = Span {
            file: 3,
            start,
            end: crate::scalar_text::end(yaml, start, Some(&value)),
        };
        let bindings: Vec<Binding> = bindings
            .iter()
            .map(|(axis, value)| Binding {
                axis: (*axis).into(),
                value: (*value).into(),
            })
            .collect();
        let (text, edits) = crate::matrix::fill(&value, &bindings);
        Sql::written(yaml, span, &value, text, edits)
    }

    fn source(yaml: &str, span: Span) -> &str {
        assert_eq!(span.file, 3);
        &yaml[span.start..span.end]
    }

    #[test]
    fn lines_and_columns_lead_back_to_the_file() {
        let yaml = "x: 1\nq: |\n    SELECT größe,\n           dwnloads\n    FROM models\nz: 1\n";
        let q = sql(yaml, &[]);
        assert_eq!(source(yaml, q.span_at(1, 8, 0)), "größe");
        assert_eq!(source(yaml, q.span_at(1, 13, 0)), ",");
        assert_eq!(source(yaml, q.span_at(2, 8, 8)), "dwnloads");
        assert_eq!(source(yaml, q.span_at(3, 1, 4)), "FROM");
        assert_eq!(
            source(yaml, q.span_between((2, 8), (3, 12))),
            "dwnloads\n    FROM models"
        );
        assert_eq!(
            source(yaml, q.span_all()),
            "SELECT größe,\n           dwnloads\n    FROM models"
        );
    }

    #[test]
    fn the_end_of_the_text_is_a_place() {
        let yaml = "q: |\n  SELECT a FROM\n\n\nz: 1\n";
        let q = sql(yaml, &[]);
        let after = yaml.find("FROM").unwrap() + 4;
        for (line, column) in [(1, 14), (2, 1), (9, 9)] {
            let span = q.span_at(line, column, 0);
            assert_eq!((span.start, span.end), (after, after), "{line}:{column}");
        }
    }

    #[test]
    fn quoted_and_folded_texts_too() {
        let yaml = "q: 'SELECT ''a'' AS b FROM t'\n";
        let q = sql(yaml, &[]);
        assert_eq!(q.text, "SELECT 'a' AS b FROM t");
        assert_eq!(source(yaml, q.span_at(1, 15, 0)), "b");
        assert_eq!(source(yaml, q.span_at(1, 22, 5)), "t");
        let yaml = "q: >-\n  SELECT a\n  FROM t\n";
        let q = sql(yaml, &[]);
        assert_eq!(q.text, "SELECT a FROM t");
        assert_eq!(source(yaml, q.span_at(1, 15, 0)), "t");
    }

    #[test]
    fn what_the_matrix_put_in_leads_to_its_placeholder() {
        let yaml = "q: |\n  SELECT {dim}, x\n  FROM {dim}_cells WHERE y\n";
        for value in ["modality", "z"] {
            let q = sql(yaml, &[("dim", value)]);
            assert_eq!(
                q.text,
                format!("SELECT {value}, x\nFROM {value}_cells WHERE y\n")
            );
            assert_eq!(source(yaml, q.span_at(1, 8, 0)), "{dim}");
            let x = 8 + value.len() + 2;
            assert_eq!(source(yaml, q.span_at(1, x, 0)), "x");
            assert_eq!(source(yaml, q.span_at(2, 6, 0)), "{dim}_cells");
            assert_eq!(source(yaml, q.span_at(2, 6 + value.len() + 13, 1)), "y");
        }
    }

    #[test]
    fn text_that_is_a_file_keeps_its_places() {
        let text = "SELECT größe,\n  nam FROM t\n";
        let q = Sql::verbatim(text, 3);
        assert_eq!(source(text, q.span_at(1, 8, 0)), "größe");
        assert_eq!(source(text, q.span_at(2, 3, 3)), "nam");
        assert_eq!(source(text, q.span_all()), text.trim_end());
    }

    #[test]
    fn text_without_a_map_is_one_place() {
        let span = Span {
            file: 0,
            start: 4,
            end: 9,
        };
        let q = Sql::unmapped("SELECT 1", span);
        assert_eq!(q.span_at(1, 8, 1), span);
        assert_eq!(q.span_all(), span);
    }
}
