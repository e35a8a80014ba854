//! From places inside a query to places in the pipeline file.

use datafusion::sql::sqlparser::tokenizer;
use hubcensus_spec::{Span, Sql};

/// The place in the pipeline file of a span inside a query.
pub(crate) fn place(sql: &Sql, span: tokenizer::Span) -> Span {
    if span == tokenizer::Span::empty() {
        return sql.span_all();
    }
    let length = if span.start.line == span.end.line {
        span.end.column.saturating_sub(span.start.column)
    } else {
        1
    };
    sql.span_at(
        as_usize(span.start.line),
        as_usize(span.start.column),
        as_usize(length.max(1)),
    )
}

pub(crate) fn as_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
