//! What DataFusion says of a query, in the words and at the place of the
//! pipeline file.

use datafusion::common::{DataFusionError, Span as SqlSpan};
use hubcensus_spec::{Diagnostic, Span, Sql};

use crate::query::span::as_usize;

/// The diagnostic of a query that could not be parsed or planned. Where
/// DataFusion gives no place the whole query is underlined.
pub(crate) fn from_datafusion(error: &DataFusionError, sql: &Sql) -> Diagnostic {
    let first = error.iter().next().unwrap_or(error);
    if let Some(found) = first.diagnostic() {
        let place = found
            .span
            .map_or_else(|| sql.span_all(), |span| in_file(sql, span));
        let mut diagnostic =
            Diagnostic::error("sql", first_line(&found.message)).at(place, label(&found.message));
        for note in &found.notes {
            diagnostic = diagnostic.help(note.message.clone());
        }
        for help in &found.helps {
            diagnostic = diagnostic.help(help.message.clone());
        }
        return diagnostic;
    }
    let text = strip(&first.find_root().strip_backtrace());
    let (text, place) = match syntax_place(&text) {
        Some((rest, line, column)) => (rest, sql.span_at(line, column, 1)),
        None => (text, sql.span_all()),
    };
    let mut lines = text.lines();
    let mut diagnostic = Diagnostic::error("sql", lines.next().unwrap_or_default().to_owned())
        .at(place, String::new());
    for line in lines.filter(|line| !line.trim().is_empty()) {
        diagnostic = diagnostic.help(line.trim().to_owned());
    }
    diagnostic
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

fn label(message: &str) -> String {
    let lower = message.to_lowercase();
    if lower.contains("not found") || lower.contains("invalid function") {
        "not known here".to_owned()
    } else {
        String::new()
    }
}

fn in_file(sql: &Sql, span: SqlSpan) -> Span {
    let length = if span.start.line == span.end.line {
        span.end.column.saturating_sub(span.start.column).max(1)
    } else {
        1
    };
    sql.span_at(
        as_usize(span.start.line),
        as_usize(span.start.column),
        as_usize(length),
    )
}

/// Takes DataFusion's own category off the front of a message.
fn strip(text: &str) -> String {
    let mut rest = text.trim();
    for prefix in [
        "Error during planning: ",
        "SQL error: ",
        "Schema error: ",
        "This feature is not implemented: ",
        "type_coercion\ncaused by\n",
        "ParserError(\"",
        "sql parser error: ",
    ] {
        rest = rest.strip_prefix(prefix).unwrap_or(rest);
    }
    rest.trim_end_matches("\")").to_owned()
}

/// Splits `… at Line: 3, Column: 5` off a syntax error.
fn syntax_place(text: &str) -> Option<(String, usize, usize)> {
    let at = text.rfind(" at Line: ")?;
    let (message, place) = text.split_at(at);
    let mut numbers = place
        .split(|c: char| !c.is_ascii_digit())
        .filter(|part| !part.is_empty())
        .map(str::parse::<usize>);
    let line = numbers.next()?.ok()?;
    let column = numbers.next()?.ok()?;
    Some((message.to_owned(), line, column))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_syntax_error_gives_its_place() {
        assert_eq!(
            syntax_place("Expected: end of statement, found: FORM at Line: 2, Column: 11"),
            Some(("Expected: end of statement, found: FORM".to_owned(), 2, 11))
        );
    }
}
