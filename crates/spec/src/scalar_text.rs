//! How a scalar is written: where it ends, and which of its characters stands where.

/// The way a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Plain,
    Single,
    Double,
    /// `|` or `>`; the content starts on the next line.
    Block,
}

fn style(text: &str, start: usize) -> Style {
    match text.as_bytes().get(start) {
        Some(b'\'') => Style::Single,
        Some(b'"') => Style::Double,
        Some(b'|' | b'>') => Style::Block,
        _ => Style::Plain,
    }
}

/// The offset after the scalar that begins at `start`; `value` is what a text was read as.
pub(crate) fn end(text: &str, start: usize, value: Option<&str>) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    let length = match style(text, start) {
        Style::Double => quoted_length(rest, |rest, at| match rest.as_bytes().get(at) {
            Some(b'\\') => Some(2),
            _ => None,
        }),
        Style::Single => quoted_length(rest, |rest, at| {
            rest.get(at..)?.starts_with("''").then_some(2)
        }),
        Style::Block => block_content(text, start).1,
        Style::Plain => match value {
            Some(value) => plain_length(rest, value),
            None => rest
                .find(|c: char| c.is_whitespace() || matches!(c, ',' | ']' | '}' | ':'))
                .unwrap_or(rest.len()),
        },
    };
    start + length
}

/// The offset after the collection that begins at `start` and whose last member ends at `last`.
pub(crate) fn collection_end(text: &str, start: usize, last: Option<usize>) -> usize {
    let from = last.unwrap_or(start + 1);
    let closing = match text.as_bytes().get(start) {
        Some(b'[') => ']',
        Some(b'{') => '}',
        _ => return from.min(text.len()),
    };
    text.get(from..)
        .and_then(|rest| rest.find(closing))
        .map_or(from.min(text.len()), |at| from + at + 1)
}

/// Length with both quotes; `escape` gives the length of an escape that begins at an offset.
fn quoted_length(rest: &str, escape: impl Fn(&str, usize) -> Option<usize>) -> usize {
    let quote = rest.as_bytes().first().copied();
    let mut at = 1;
    while at < rest.len() {
        if let Some(length) = escape(rest, at) {
            at += length;
        } else if rest.as_bytes().get(at).copied() == quote {
            return at + 1;
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// Where the content of the block scalar at `start` begins and where it ends, counted from
/// `start`, without the line feeds after it.
fn block_content(text: &str, start: usize) -> (usize, usize) {
    let rest = text.get(start..).unwrap_or_default();
    let header = rest.find('\n').map_or(rest.len(), |at| at + 1);
    // The first line tells the depth, unless the header does: then all that is deeper counts.
    let mut indent = rest
        .get(..header)
        .filter(|header| header.contains(|c: char| c.is_ascii_digit()))
        .map(|_| {
            let line = text
                .get(..start)
                .and_then(|before| before.rsplit('\n').next());
            let line = line.unwrap_or_default();
            line.len() - line.trim_start_matches([' ', '-']).len() + 1
        });
    let mut at = header;
    let mut end = header.min(rest.trim_end().len());
    for line in rest.get(header..).unwrap_or_default().split_inclusive('\n') {
        let content = line.trim_end();
        let depth = line.len() - line.trim_start_matches(' ').len();
        if !content.is_empty() {
            if depth == 0 || indent.is_some_and(|indent| depth < indent) {
                break;
            }
            indent.get_or_insert(depth);
            end = at + content.len();
        }
        at += line.len();
    }
    (header, end)
}

/// Plain scalars have no escapes; line breaks in them are read as one space.
fn plain_length(rest: &str, value: &str) -> usize {
    if rest.starts_with(value) {
        return value.len();
    }
    let mut at = 0;
    for word in value.split_whitespace() {
        match rest.get(at..).and_then(|rest| rest.find(word)) {
            Some(found) => at += found + word.len(),
            None => break,
        }
    }
    at
}

/// Which character of a scalar's value stands where in the file.
///
/// Runs of (offset in the value, offset in the file); inside a run both count on together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Alignment {
    runs: Vec<(usize, usize)>,
}

impl Alignment {
    /// Of `value`, as which the scalar in `text` from `start` to `end` was read.
    ///
    /// `None` if the two cannot be brought together.
    pub(crate) fn new(text: &str, start: usize, end: usize, value: &str) -> Option<Self> {
        let style = style(text, start);
        let source = text.get(..end)?;
        let mut at = match style {
            Style::Plain => start,
            Style::Single | Style::Double => start + 1,
            Style::Block => start + block_content(source, start).0,
        };
        let mut runs: Vec<(usize, usize)> = Vec::new();
        for (offset, c) in value.char_indices() {
            let is_space = |at: usize| {
                let byte = source.as_bytes().get(at);
                byte.is_some_and(u8::is_ascii_whitespace)
            };
            if !c.is_whitespace() {
                while is_space(at) {
                    at += 1;
                }
            }
            while style == Style::Double && continues_line(source, at) {
                at += 1;
                while is_space(at) {
                    at += 1;
                }
            }
            let length = match written(source, at, style) {
                Some((written, length)) if written == c => length,
                // A fold: a space was read where a line feed stands, or the other way round.
                _ if c.is_whitespace() => usize::from(is_space(at)),
                _ => return None,
            };
            let counts_on = runs
                .last()
                .is_some_and(|(value, file)| at.checked_sub(*file) == Some(offset - value));
            if !counts_on {
                runs.push((offset, at));
            }
            at += length;
        }
        Some(Self { runs })
    }

    /// The offset in the file of the value's character at `offset`.
    pub(crate) fn file_offset(&self, offset: usize) -> Option<usize> {
        let run = self.runs.partition_point(|(value, _)| *value <= offset);
        let (value, file) = self.runs.get(run.checked_sub(1)?)?;
        Some(file + (offset - value))
    }
}

/// Whether a backslash at the end of a line stands at `at`.
fn continues_line(source: &str, at: usize) -> bool {
    source
        .get(at..)
        .is_some_and(|rest| rest.starts_with("\\\n") || rest.starts_with("\\\r\n"))
}

/// The character written at `at`, and how many bytes it takes.
fn written(source: &str, at: usize, style: Style) -> Option<(char, usize)> {
    let rest = source.get(at..)?;
    let first = rest.chars().next()?;
    match style {
        Style::Single if rest.starts_with("''") => Some(('\'', 2)),
        Style::Double if first == '\\' => {
            let hex = |digits: usize| {
                let code = rest.get(2..2 + digits)?;
                let c = char::from_u32(u32::from_str_radix(code, 16).ok()?)?;
                Some((c, 2 + digits))
            };
            let c = match rest.chars().nth(1)? {
                'x' => return hex(2),
                'u' => return hex(4),
                'U' => return hex(8),
                '0' => '\0',
                'a' => '\u{7}',
                'b' => '\u{8}',
                't' | '\t' => '\t',
                'n' => '\n',
                'v' => '\u{b}',
                'f' => '\u{c}',
                'r' => '\r',
                'e' => '\u{1b}',
                'N' => '\u{85}',
                '_' => '\u{a0}',
                'L' => '\u{2028}',
                'P' => '\u{2029}',
                other => other,
            };
            Some((c, 1 + rest.chars().nth(1)?.len_utf8()))
        }
        _ => Some((first, first.len_utf8())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each word of the value must stand in the file where the alignment says.
    fn check(yaml: &str) {
        let value: serde_yaml::Value = serde_yaml::from_str(yaml).unwrap();
        let value = value["q"].as_str().unwrap().to_owned();
        let start = yaml.find("q: ").unwrap() + 3;
        let end = end(yaml, start, Some(&value));
        let alignment = Alignment::new(yaml, start, end, &value).unwrap();
        for word in value.split(|c: char| !c.is_alphanumeric()) {
            if word.is_empty() {
                continue;
            }
            let offset = word.as_ptr() as usize - value.as_ptr() as usize;
            let file = alignment.file_offset(offset).unwrap();
            // Where a word is written with escapes, its first letter must do.
            let written = if word.is_ascii() { word } else { &word[..1] };
            assert!(yaml[file..].starts_with(written), "{word} in {yaml}");
        }
    }

    #[test]
    fn every_style_is_followed() {
        check("q: SELECT a, größe, z FROM t\nz: 1\n");
        check("q: |\n  SELECT a,\n\n         b\n  FROM t\n\nz: 1\n");
        check("q: |- # why\n    SELECT a\n    FROM t # x\nz: 1\n");
        check("q: >\n  SELECT a,\n  b\n\n  FROM\n    t\n  WHERE x\nz: 1\n");
        check("q: 'SELECT ''it'' AS \"x\" FROM t' # z\n");
        check("q: 'SELECT a\n  FROM t\n\n  WHERE x'\n");
        check("q: \"SELECT 'a' AS \\\"x\\\",\\n\\tb\\u00e4r FROM\\x20t\"\n");
        check("q: \"SELECT a \\\n    b\n   FROM t\"\n");
        check("q: SELECT a\n  FROM t\n  WHERE x = 1\nz: 1\n");
        check("q: |\r\n  SELECT a\r\n  FROM t\r\n");
        check("q: |2\n    SELECT a\n  FROM t\n");
    }
}
