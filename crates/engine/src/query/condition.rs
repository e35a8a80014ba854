//! Conditions on rows, written as SQL expressions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::{DFSchema, DataFusionError};
use datafusion::datasource::empty::EmptyTable;
use datafusion::logical_expr::{Expr, ExprSchemable as _};
use datafusion::sql::parser::DFParserBuilder;
use datafusion::sql::sqlparser::ast;
use hubcensus_spec::{Diagnostic, Sql};

use crate::query::calls::Calls;
use crate::query::diagnose;
use crate::query::planner;
use crate::query::schema;
use crate::query::session::{Session, Tables};
use crate::query::span::place;
use crate::query::sql::{self, ReadOnly};
use crate::query::tokens::Tokens;
use crate::query::volatile::volatile;

/// The rows that a condition is planned over. No name that a condition can
/// write.
const ROWS: &str = "rows of a condition";

/// A rejection rule as an expression over the columns of `schema`.
pub(crate) fn condition(
    session: &Session,
    sql: &Sql,
    schema: &DFSchema,
) -> Result<Expr, DataFusionError> {
    let state = session.seeing(&Tables::default())?;
    let expression = state.create_logical_expr(&sql.text, schema)?;
    match expression.get_type(schema)? {
        DataType::Boolean | DataType::Null => Ok(expression),
        other => Err(DataFusionError::Plan(not_boolean(&other))),
    }
}

fn not_boolean(found: &DataType) -> String {
    format!(
        "a condition must be true or false, this is {}",
        schema::in_words(found)
    )
}

/// The functions that a condition calls; none if it cannot be parsed.
pub(crate) fn functions(sql: &Sql) -> BTreeSet<String> {
    let parsed = parse(sql).ok();
    let calls = parsed
        .map(|expression| Calls::of(&expression))
        .unwrap_or_default();
    calls.names().into_iter().map(str::to_owned).collect()
}

/// What is wrong with a condition over the columns of `schema`.
pub(crate) async fn mistakes(session: &Session, sql: &Sql, schema: &SchemaRef) -> Vec<Diagnostic> {
    let expression = match parse(sql) {
        Ok(expression) => expression,
        Err(mistake) => return vec![*mistake],
    };
    let calls = Calls::of(&expression);
    let mut mistakes = Vec::new();
    for call in &calls.calls {
        if call.depth > 0 || call.over || session.is_aggregate(&call.name) {
            mistakes.push(
                Diagnostic::error(
                    "condition-shape",
                    "a condition is on one row: it has no subquery, no aggregate and no window",
                )
                .at(place(sql, call.span), "of several rows"),
            );
        }
    }
    let Ok(query) = over_rows(expression) else {
        return mistakes;
    };
    for (name, span) in query.placeholders(sql) {
        mistakes.push(
            Diagnostic::error(
                "unknown-parameter",
                format!("a condition has no parameters, so no `${name}`"),
            )
            .at(span, "not known here"),
        );
    }
    let is_sound = mistakes.is_empty();
    mistakes.extend(volatile(session, &calls, sql));
    if !is_sound {
        return mistakes;
    }
    let mut tables = Tables::default();
    tables.insert_bare(ROWS, Arc::new(EmptyTable::new(Arc::clone(schema))));
    let planning = planner::plan(session, sql, &query, &BTreeMap::new(), &tables).await;
    mistakes.extend(planning.mistakes);
    if let Some(planned) = planning.planned
        && mistakes.is_empty()
        && let Some(field) = planned.analyzed.schema().fields().first()
        && !matches!(field.data_type(), DataType::Boolean | DataType::Null)
    {
        mistakes
            .push(Diagnostic::error("sql", not_boolean(field.data_type())).at(sql.span_all(), ""));
    }
    mistakes
}

fn parse(sql: &Sql) -> Result<ast::Expr, Box<Diagnostic>> {
    if let Some(span) = Tokens::of(&sql.text).too_deep() {
        return Err(Box::new(sql::too_deep(sql, span)));
    }
    let parsed = DFParserBuilder::new(sql.text.as_str())
        .build()
        .and_then(|mut parser| parser.parse_into_expr());
    parsed
        .map(|parsed| parsed.expr)
        .map_err(|e| Box::new(diagnose::from_datafusion(&e, sql)))
}

/// The query that asks the condition of rows, its places those of the
/// condition.
fn over_rows(expression: ast::Expr) -> Result<ReadOnly, Box<Diagnostic>> {
    let frame = Sql::verbatim(format!("SELECT NULL FROM \"{ROWS}\""), 0);
    let mut query = sql::parse(&frame)?;
    if let ast::SetExpr::Select(select) = query.query.body.as_mut() {
        select.projection = vec![ast::SelectItem::UnnamedExpr(expression)];
    }
    Ok(query)
}
