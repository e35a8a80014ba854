//! From places inside a query to places in the pipeline file.

use datafusion::sql::sqlparser::tokenizer;
use hubcensus_spec::{Span, Sql};

/// The place in the pipeline file of a span inside a query.
pub(crate) fn place(sql: &Sql, span: tokenizer::Span) -> Span {
    if span == tokenizer::Span::empty() {
        return sql.span_all();
    }
    let place = |at: tokenizer::Location| (as_usize(at.line), as_usize(at.column));
    sql.span_between(place(span.start), place(span.end))
}

pub(crate) fn as_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
