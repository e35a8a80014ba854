//! What DataFusion says of a query, in the words and at the place of the
//! pipeline file.

use std::collections::BTreeSet;

use datafusion::common::{Column, DataFusionError, SchemaError, Span as SqlSpan};
use datafusion::sql::sqlparser::tokenizer::Location;
use hubcensus_spec::{Diagnostic, Span, Sql, closest, did_you_mean, enumerate};

use crate::query::schema::SNAPSHOT_DATE;
use crate::query::span::as_usize;

/// One mistake that DataFusion found.
#[derive(Debug)]
pub(crate) struct Mistake {
    pub(crate) diagnostic: Diagnostic,
    pub(crate) kind: Kind,
    /// Where it begins in the query, if DataFusion knows.
    pub(crate) at: Option<Location>,
}

/// Whether a mistake can be the consequence of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A name that does not exist: it cannot.
    Name {
        /// The column that may be meant.
        near: Option<String>,
    },
    /// Anything else.
    Other,
}

/// The mistakes of a query that could not be planned, over `functions`.
pub(crate) fn mistakes(
    error: &DataFusionError,
    sql: &Sql,
    functions: &BTreeSet<&str>,
) -> Vec<Mistake> {
    error
        .iter()
        .map(|error| mistake(error, sql, functions))
        .collect()
}

fn mistake(error: &DataFusionError, sql: &Sql, functions: &BTreeSet<&str>) -> Mistake {
    let found = error.diagnostic();
    let span = found.and_then(|found| found.span);
    let at = span.map(|span| Location::new(span.start.line, span.start.column));
    let place = span.map_or_else(|| sql.span_all(), |span| in_file(sql, span));
    if let DataFusionError::SchemaError(schema, _) = error.find_root()
        && let SchemaError::FieldNotFound {
            field,
            valid_fields,
        } = schema.as_ref()
    {
        let (diagnostic, near) = unknown_column(field, valid_fields, place);
        return Mistake {
            diagnostic,
            kind: Kind::Name { near },
            at,
        };
    }
    if let Some(name) = found.and_then(|found| unknown_function(&found.message)) {
        let near = closest(name, functions.iter().copied());
        let help = near.map_or_else(
            || "the functions are those of DataFusion's SQL, and those that read names, tags and cards".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        return Mistake {
            diagnostic: Diagnostic::error("sql", format!("no function `{name}`"))
                .at(place, "not known here")
                .help(help),
            kind: Kind::Name { near: None },
            at,
        };
    }
    Mistake {
        diagnostic: from_datafusion(error, sql),
        kind: Kind::Other,
        at,
    }
}

fn unknown_column(field: &Column, valid: &[Column], place: Span) -> (Diagnostic, Option<String>) {
    let of_relation = |column: &&Column| {
        field.relation.is_none() || column.relation.is_none() || column.relation == field.relation
    };
    let names: Vec<&str> = valid
        .iter()
        .filter(of_relation)
        .map(|column| column.name.as_str())
        .collect();
    let relation = field.relation.as_ref();
    let known = relation.is_none_or(|relation| {
        let mut relations = valid.iter().filter_map(|column| column.relation.as_ref());
        relations.any(|known| known == relation)
    });
    let message = match relation {
        Some(relation) if !known => {
            format!("no table `{relation}` here for its column `{}`", field.name)
        }
        Some(relation) => format!("no column `{}` in `{relation}`", field.name),
        None => format!("no column `{}`", field.name),
    };
    let diagnostic = Diagnostic::error("sql", message).at(place, "not known here");
    if field.name == SNAPSHOT_DATE && !names.contains(&SNAPSHOT_DATE) {
        let help = "a query sees one snapshot, whose date is `$snapshot_date`; with \
                    `history: {stage.table: previous}` it sees earlier ones of that table as well, \
                    each row with its `snapshot_date`";
        return (diagnostic.help(help), None);
    }
    let near = closest(&field.name, names.iter().copied()).map(str::to_owned);
    let help = match (&near, relation) {
        (_, Some(relation)) if !known => {
            let relations = valid.iter().filter_map(|column| column.relation.as_ref());
            let relations: BTreeSet<String> = relations.map(ToString::to_string).collect();
            did_you_mean(&relation.to_string(), relations.iter().map(String::as_str))
                .unwrap_or_else(|| {
                    format!(
                        "the tables here are {}",
                        enumerate(relations.iter().map(String::as_str))
                    )
                })
        }
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, _) if names.is_empty() => "no table here has columns".to_owned(),
        (None, _) => format!("the columns here are {}", enumerate(names.iter().copied())),
    };
    (diagnostic.help(help), near)
}

/// The function that does not exist, if that is what a message says.
fn unknown_function(message: &str) -> Option<&str> {
    let rest = message.strip_prefix("Invalid function '")?;
    rest.strip_suffix('\'')
}

/// The diagnostic of a query that could not be parsed, planned or run. Where
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
        Some((rest, line, column)) => (rest, sql.span_at(line, column, 0)),
        None => (text, sql.span_all()),
    };
    if let Some((call, takes)) = no_such_signature(&text) {
        let message = format!("`{call}`: the function takes no arguments of these types");
        let diagnostic = Diagnostic::error("sql", message).at(place, "of other types");
        return diagnostic.help(format!("it takes {}", takes.join(", ")));
    }
    let mut lines = text.lines();
    let mut diagnostic = Diagnostic::error("sql", lines.next().unwrap_or_default().to_owned())
        .at(place, String::new());
    for line in lines.filter(|line| !line.trim().is_empty()) {
        diagnostic = diagnostic.help(line.trim().to_owned());
    }
    diagnostic
}

/// The call that a message says no function matches, and the calls that some
/// would.
fn no_such_signature(text: &str) -> Option<(&str, Vec<String>)> {
    let (_, rest) = text.split_once("No function matches the given name and argument types '")?;
    let (call, rest) = rest.split_once('\'')?;
    let (_, takes) = rest.split_once("Candidate functions:")?;
    let takes = takes.lines().map(str::trim).filter(|line| !line.is_empty());
    Some((call, takes.map(|line| format!("`{line}`")).collect()))
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
        "Execution error: ",
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
